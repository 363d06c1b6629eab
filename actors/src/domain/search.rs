//! Looking for words in messages: how a text is cut into words, what a person's query means, and the
//! piece of a text that shows why it was found.
//!
//! Words are compared in their plain form (`plain.rs`): accents and case do not matter. A number that is
//! written with points, commas, slashes or hyphens is also found when it is written without them.

use super::plain::plain;

/// What is indexed of a message; nobody looks for what stands behind ten pages. Keeps the entry far
/// below the megabyte that PostgreSQL takes.
const INDEXED_CHARS_MAX: usize = 20_000;
/// Longer runs of letters and digits are no words; they are cut, in queries as well.
const WORD_CHARS_MAX: usize = 64;
/// Each clause is one more list for the database to go through.
const CLAUSES_MAX: usize = 10;
/// A last word this short is taken as a whole: half the dictionary begins with any one letter.
const PREFIX_CHARS_MIN: usize = 2;
/// About two lines on a screen.
const SNIPPET_CHARS: usize = 160;
/// What is shown before the first word that was found.
const SNIPPET_CHARS_BEFORE: usize = 40;

/// What has to occur, one word after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// At least one, in plain form: letters and digits only.
    pub words: Vec<String>,
    /// The last word is only the beginning of one.
    pub is_prefix: bool,
}

/// A query: all clauses have to occur.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchQuery(Vec<Clause>);

/// A word of a text, with its place in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    start: usize,
    end: usize,
    plain: String,
}

impl SearchQuery {
    /// Words apart from each other, `"phrases"` in double quotes; the last word may go on. `None` when
    /// there is no word in it. Of more than ten words and phrases the first ten count.
    pub fn parse(text: &str) -> Option<Self> {
        let mut clauses: Vec<Clause> = Vec::new();
        let pieces: Vec<&str> = text.split('"').collect();
        for (number, piece) in pieces.iter().enumerate() {
            // Every second piece stands in quotes.
            if number % 2 == 1 {
                let words = words_of(piece).into_iter().map(|word| word.plain).collect();
                clauses.push(Clause { words, is_prefix: false });
            } else {
                let is_last_piece = number + 1 == pieces.len();
                let mut chunks = piece.split_whitespace().peekable();
                while let Some(chunk) = chunks.next() {
                    let is_last = is_last_piece && chunks.peek().is_none();
                    clauses.push(clause_of(chunk, is_last));
                }
            }
        }
        clauses.retain(|clause| !clause.words.is_empty());
        clauses.truncate(CLAUSES_MAX);
        (!clauses.is_empty()).then_some(Self(clauses))
    }

    pub fn clauses(&self) -> &[Clause] {
        &self.0
    }

    /// The part of a text around the first thing that was found, as HTML: what was found in `<mark>`,
    /// everything else escaped. `…` stands where the text goes on.
    pub fn snippet(&self, text: &str) -> String {
        let text = indexed(text);
        let marks = self.marks(text);
        let (start, end) = window(text, marks.first().copied());
        let mut html = String::new();
        if start > 0 {
            html.push('…');
        }
        let mut at = start;
        for (from, to) in marks.into_iter().filter(|(from, to)| *from >= start && *to <= end) {
            push_escaped(&mut html, &text[at..from]);
            html.push_str("<mark>");
            push_escaped(&mut html, &text[from..to]);
            html.push_str("</mark>");
            at = to;
        }
        push_escaped(&mut html, &text[at..end]);
        if end < text.len() {
            html.push('…');
        }
        html
    }

    /// The places in a text that the clauses mean, in order and without overlap.
    fn marks(&self, text: &str) -> Vec<(usize, usize)> {
        let words = words_of(text);
        let mut marks = Vec::new();
        for clause in &self.0 {
            for run in words.windows(clause.words.len()) {
                if clause.fits(run.iter().map(|word| word.plain.as_str())) {
                    marks.push((run[0].start, run[run.len() - 1].end));
                }
            }
            for (start, end, joined) in joined_numbers(text, &words) {
                if clause.fits([joined.as_str()].into_iter()) {
                    marks.push((start, end));
                }
            }
        }
        marks.sort_unstable();
        let mut apart: Vec<(usize, usize)> = Vec::with_capacity(marks.len());
        for (start, end) in marks {
            match apart.last_mut() {
                Some((_, last)) if start < *last => *last = end.max(*last),
                _ => apart.push((start, end)),
            }
        }
        apart
    }
}

impl Clause {
    fn fits<'w>(&self, words: impl ExactSizeIterator<Item = &'w str>) -> bool {
        let last = self.words.len() - 1;
        words.len() == self.words.len()
            && words.zip(&self.words).enumerate().all(|(at, (found, wanted))| {
                found == wanted || (self.is_prefix && at == last && found.starts_with(wanted))
            })
    }
}

/// The words under which a text is found, in its order; joined numbers follow at the end.
pub fn index_words(text: &str) -> Vec<String> {
    let text = indexed(text);
    let words = words_of(text);
    let joined: Vec<String> =
        joined_numbers(text, &words).into_iter().map(|(_, _, joined)| joined).collect();
    words.into_iter().map(|word| word.plain).chain(joined).collect()
}

/// A piece of a query without blanks: a word, a number with its punctuation, or words that
/// punctuation holds together.
fn clause_of(chunk: &str, is_last: bool) -> Clause {
    let words = words_of(chunk);
    let is_number = words.iter().all(|word| is_digits(&word.plain));
    let words: Vec<String> = if is_number && words.len() > 1 {
        vec![cut(words.into_iter().map(|word| word.plain).collect())]
    } else {
        words.into_iter().map(|word| word.plain).collect()
    };
    let is_long = words.last().is_some_and(|word| word.chars().count() >= PREFIX_CHARS_MIN);
    Clause { words, is_prefix: is_last && is_long }
}

/// As much of a text as is indexed.
fn indexed(text: &str) -> &str {
    text.char_indices().nth(INDEXED_CHARS_MAX).map_or(text, |(end, _)| &text[..end])
}

/// Runs of letters and digits, with the accents that are written as characters of their own.
fn words_of(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut start = None;
    let mut push = |start: usize, end: usize| {
        let plain = cut(plain(&text[start..end]));
        if !plain.is_empty() {
            words.push(Word { start, end, plain });
        }
    };
    for (at, c) in text.char_indices() {
        let is_part = c.is_alphanumeric()
            || (start.is_some() && unicode_normalization::char::is_combining_mark(c));
        match (start, is_part) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                push(from, at);
                start = None;
            }
            _ => {}
        }
    }
    if let Some(from) = start {
        push(from, text.len());
    }
    words
}

fn cut(mut word: String) -> String {
    if let Some((end, _)) = word.char_indices().nth(WORD_CHARS_MAX) {
        word.truncate(end);
    }
    word
}

/// Numbers that one character of punctuation divides (`12.345-6`), as they are without it.
fn joined_numbers(text: &str, words: &[Word]) -> Vec<(usize, usize, String)> {
    let mut numbers = Vec::new();
    let mut rest = words;
    while let Some(first) = rest.first() {
        let mut length = usize::from(is_digits(&first.plain));
        while length > 0
            && rest.get(length).is_some_and(|next| goes_on(text, &rest[length - 1], next))
        {
            length += 1;
        }
        if length > 1 {
            let joined = rest[..length].iter().map(|word| word.plain.as_str()).collect();
            numbers.push((first.start, rest[length - 1].end, cut(joined)));
        }
        rest = &rest[length.max(1)..];
    }
    numbers
}

fn goes_on(text: &str, word: &Word, next: &Word) -> bool {
    is_digits(&next.plain) && matches!(&text[word.end..next.start], "." | "," | "/" | "-")
}

fn is_digits(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

/// The part of a text that is shown: from a little before the first mark on, between words where
/// there are any.
fn window(text: &str, first: Option<(usize, usize)>) -> (usize, usize) {
    let (from, to) = first.unwrap_or((0, 0));
    let before = text[..from].char_indices().rev().take(SNIPPET_CHARS_BEFORE).last();
    let mut start = before.map_or(from, |(at, _)| at);
    if start > 0
        && let Some((at, blank)) = text[start..from].char_indices().find(|(_, c)| c.is_whitespace())
    {
        start += at + blank.len_utf8();
    }
    let after = text[start..].char_indices().nth(SNIPPET_CHARS);
    let mut end = after.map_or(text.len(), |(at, _)| start + at).max(to);
    if end < text.len()
        && let Some(at) = text[to..end].rfind(char::is_whitespace)
    {
        end = to + at;
    }
    (start, end.max(to))
}

fn push_escaped(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn clauses(text: &str) -> Vec<(Vec<String>, bool)> {
        let query = SearchQuery::parse(text).map(|query| query.0).unwrap_or_default();
        query.into_iter().map(|clause| (clause.words, clause.is_prefix)).collect()
    }

    fn snippet(query: &str, text: &str) -> String {
        SearchQuery::parse(query).unwrap().snippet(text)
    }

    #[test]
    fn a_query_is_words_and_phrases_and_the_last_word_may_go_on() {
        let clause = |words: &[&str], is_prefix| {
            (words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>(), is_prefix)
        };
        assert_eq!(clauses("São pau"), [clause(&["sao"], false), clause(&["pau"], true)]);
        assert_eq!(clauses("\"São Paulo\""), [clause(&["sao", "paulo"], false)]);
        let mixed = [clause(&["nota"], false), clause(&["segunda", "via"], false)];
        assert_eq!(clauses("nota \"segunda via\""), mixed);
        let unclosed = [clause(&["a", "b"], false)];
        assert_eq!(clauses("\"a b"), unclosed, "a quote that is still being typed");
        assert_eq!(clauses("guarda-chuva"), [clause(&["guarda", "chuva"], true)]);
        assert_eq!(clauses("12.345.678/0001-95"), [clause(&["12345678000195"], true)]);
        assert_eq!(clauses("x"), [clause(&["x"], false)], "one letter begins too much");
        assert_eq!(SearchQuery::parse(" \"\" -- !"), None);
        assert_eq!(clauses(&"a ".repeat(40)).len(), CLAUSES_MAX);
        assert_eq!(clauses(&"x".repeat(500))[0].0[0].len(), WORD_CHARS_MAX);
    }

    #[test]
    fn a_text_is_found_under_its_words_and_its_numbers() {
        assert_eq!(
            index_words("Olá, João! R$ 1.250,00"),
            ["ola", "joao", "r", "1", "250", "00", "125000"]
        );
        assert_eq!(index_words("Sa\u{303}o 5/6 - 7"), ["sao", "5", "6", "7", "56"]);
        assert!(index_words("👍 …").is_empty());
        assert_eq!(index_words(&"a ".repeat(30_000)).len(), INDEXED_CHARS_MAX / 2);
    }

    #[test]
    fn what_was_found_is_marked_and_the_rest_is_escaped() {
        let cases = [
            (
                "joao",
                "Olá, <b>João</b> & Cia",
                "Olá, &lt;b&gt;<mark>João</mark>&lt;/b&gt; &amp; Cia",
            ),
            ("pedi", "Meu pedido, o pedido 7", "Meu <mark>pedido</mark>, o <mark>pedido</mark> 7"),
            ("\"bom dia\"", "Bom dia. Dia bom", "<mark>Bom dia</mark>. Dia bom"),
            ("12345", "CPF 12.345 e 12345-6", "CPF <mark>12.345</mark> e <mark>12345-6</mark>"),
            ("nada", "\"x\" 'y'", "&quot;x&quot; &#39;y&#39;"),
        ];
        for (query, text, expected) in cases {
            assert_eq!(snippet(query, text), expected, "{query}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_words() {
        let text = format!("{}agulha {}", "palha ".repeat(100), "feno ".repeat(100));
        let html = snippet("agulha", &text);
        assert!(html.starts_with("…palha ") && html.ends_with("feno…"), "{html}");
        assert!(html.contains(" <mark>agulha</mark> feno"), "{html}");
        assert!(html.chars().count() < SNIPPET_CHARS + 20, "{html}");
        let run = "x".repeat(1000);
        assert!(snippet("xx", &run).starts_with("<mark>xxx"));
    }

    proptest! {
        #[test]
        fn no_text_and_no_query_breaks_anything(query in ".{0,40}", text in ".{0,300}") {
            let Some(query) = SearchQuery::parse(&query) else { return Ok(()) };
            for clause in query.clauses() {
                prop_assert!(!clause.words.is_empty());
                for word in &clause.words {
                    prop_assert!(!word.is_empty() && !word.contains(['\'', '"', ' ', '\\', ':']));
                }
            }
            let html = query.snippet(&text);
            prop_assert_eq!(html.matches("<mark>").count(), html.matches("</mark>").count());
            prop_assert!(!html.replace("<mark>", "").replace("</mark>", "").contains(['<', '>']));
        }

        #[test]
        fn every_word_of_a_text_finds_and_marks_it(text in "[a-zà-ü0-9.,/ -]{1,80}") {
            for word in words_of(&text) {
                let query = SearchQuery::parse(&text[word.start..word.end]).unwrap();
                prop_assert!(index_words(&text).iter().any(|found| query.0[0].fits([found.as_str()].into_iter())));
                prop_assert!(!query.marks(&text).is_empty());
            }
        }
    }
}
