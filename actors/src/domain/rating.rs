//! What a customer means who was asked for a rating: digits, words and stars, and nothing that could mean
//! something else.
//!
//! Only an answer that is a rating and nothing but a rating counts; everything else is left to people.

use std::{str::Chars, time::Duration};

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// How long after the closing an answer still rates the ticket.
pub const RATING_WINDOW: Duration = Duration::from_hours(24);
/// A customer who answers a request with something else is asked once again after the next closing, then
/// left alone.
pub const RATING_REQUESTS_MAX: i64 = 2;

/// Longer texts say more than a rating.
const ANSWER_CHARS_MAX: usize = 80;
const STARS_MAX: usize = 5;
const FULL_STARS: [char; 4] = ['⭐', '🌟', '★', '✭'];
const EMPTY_STAR: char = '☆';
/// They make a number mean something else: a sum, a share, a range, a question.
const TELLING_MARKS: [char; 10] = ['?', '%', '$', '+', '#', '@', '<', '>', '&', '\\'];

/// Say nothing about the rating.
const FILLERS: [&str; 31] = [
    "a",
    "atendente",
    "atendimento",
    "ao",
    "da",
    "dar",
    "de",
    "deste",
    "do",
    "dou",
    "e",
    "esta",
    "este",
    "eu",
    "foi",
    "meu",
    "minha",
    "muito",
    "o",
    "obg",
    "obrigada",
    "obrigado",
    "oi",
    "ola",
    "para",
    "pelo",
    "pra",
    "seria",
    "sua",
    "valeu",
    "voces",
];
const UNITS: [&str; 9] = [
    "nota",
    "estrela",
    "estrelas",
    "estrelinha",
    "estrelinhas",
    "ponto",
    "pontos",
    "avaliacao",
    "star",
];
const PRAISE: [&str; 19] = [
    "adorei",
    "amei",
    "boa",
    "bom",
    "excelente",
    "excelentes",
    "gostei",
    "maravilhoso",
    "nota10",
    "otima",
    "otimo",
    "parabens",
    "perfeita",
    "perfeito",
    "satisfeita",
    "satisfeito",
    "show",
    "sucesso",
    "top",
];
const BLAME: [&str; 9] =
    ["demorado", "fraco", "horrivel", "lento", "pessima", "pessimo", "pior", "ruim", "terrivel"];

/// The rating from 1 to 5 that a text is; `None` when it is none, or could be something else.
pub fn understand(text: &str) -> Option<i64> {
    if text.chars().count() > ANSWER_CHARS_MAX {
        return None;
    }
    let stars = Stars::count(text)?;
    let words = words(text)?;
    let mut answer = Answer::default();
    let mut rest = words.as_slice();
    while let [word, following @ ..] = rest {
        rest = following;
        // `4/5` and `4 de 5`.
        if answer.number.is_some()
            && let (Word::Slash, [Word::Digit(5), after @ ..]) = (word, following)
        {
            rest = after;
            continue;
        }
        if answer.number.is_some()
            && let (Word::Text(of), [Word::Digit(5), after @ ..]) = (word, following)
            && of == "de"
        {
            rest = after;
            continue;
        }
        answer.take(word)?;
    }
    answer.conclude(stars)
}

/// The stars of a text.
#[derive(Debug, Clone, Copy)]
struct Stars(usize);

impl Stars {
    /// `None` when there are more than five, or empty ones that do not fill them up to five.
    fn count(text: &str) -> Option<Self> {
        let full = text.chars().filter(|c| FULL_STARS.contains(c)).count();
        let empty = text.chars().filter(|c| *c == EMPTY_STAR).count();
        let is_scale = empty == 0 || (full > 0 && full + empty == STARS_MAX);
        (full <= STARS_MAX && is_scale).then_some(Self(full))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Digit(i64),
    Text(String),
    Slash,
}

/// What has been read so far.
#[derive(Debug, Default)]
struct Answer {
    number: Option<i64>,
    /// The number was written as a word.
    is_spelled: bool,
    has_unit: bool,
    /// Words of praise, of blame, and those that say nothing.
    praise: usize,
    blame: usize,
    fillers: usize,
}

impl Answer {
    /// `None` when a word may mean something else.
    fn take(&mut self, word: &Word) -> Option<()> {
        match word {
            Word::Digit(digit) => self.set(*digit, false),
            Word::Slash => None,
            Word::Text(text) => {
                let text = text.as_str();
                if let Some(number) = spelled(text) {
                    return self.set(number, true);
                }
                self.has_unit |= UNITS.contains(&text);
                self.fillers += usize::from(FILLERS.contains(&text));
                self.praise += usize::from(PRAISE.contains(&text));
                self.blame += usize::from(BLAME.contains(&text));
                let lists = [&UNITS[..], &FILLERS, &PRAISE, &BLAME];
                lists.iter().any(|list| list.contains(&text)).then_some(())
            }
        }
    }

    /// A second number is fine when it only spells the first one, as in `5 (cinco)`.
    fn set(&mut self, number: i64, is_spelled: bool) -> Option<()> {
        if let Some(first) = self.number {
            return (first == number && self.is_spelled != is_spelled).then_some(());
        }
        self.number = Some(number);
        self.is_spelled = is_spelled;
        Some(())
    }

    fn conclude(self, Stars(stars): Stars) -> Option<i64> {
        let shown = i64::try_from(stars).ok()?;
        let rating = match self.number {
            // One star beside a number is its unit, like the word.
            Some(number) if shown <= 1 || shown == number => number,
            None if shown >= 1 => shown,
            _ => return None,
        };
        // "um atendimento bom" counts nothing.
        let is_article = self.is_spelled && rating == 1 && shown == 0 && !self.has_unit;
        if is_article && self.fillers + self.praise + self.blame > 0 {
            return None;
        }
        let contradicts = (self.praise > 0 && rating <= 2) || (self.blame > 0 && rating >= 4);
        (!contradicts).then_some(rating)
    }
}

fn spelled(word: &str) -> Option<i64> {
    Some(match word {
        "um" | "uma" => 1,
        "dois" | "duas" => 2,
        "tres" => 3,
        "quatro" => 4,
        "cinco" => 5,
        _ => return None,
    })
}

/// The words of a text without accents and case. `None` when a mark or a number makes it mean something else.
fn words(text: &str) -> Option<Vec<Word>> {
    // Digits in boxes, stars and smileys carry marks of their own, which say nothing.
    let letters: String = text
        .nfkd()
        .filter(|c| !is_combining_mark(*c) && !matches!(c, '\u{fe0f}' | '\u{20e3}' | '\u{200d}'))
        .flat_map(char::to_lowercase)
        .collect();
    let mut words = Vec::new();
    let mut rest = letters.chars();
    let mut before = ' ';
    while let Some(c) = rest.clone().next() {
        if c.is_alphanumeric() {
            let word = take_while(&mut rest, char::is_alphanumeric);
            words.extend(of_word(&word, before, rest.clone().next())?);
            before = c;
            continue;
        }
        if TELLING_MARKS.contains(&c) {
            return None;
        }
        if c == '/' {
            words.push(Word::Slash);
        }
        before = c;
        rest.next();
    }
    Some(words)
}

fn take_while(rest: &mut Chars<'_>, is_part: impl Fn(char) -> bool) -> String {
    let mut word = String::new();
    while let Some(c) = rest.clone().next().filter(|c| is_part(*c)) {
        word.push(c);
        rest.next();
    }
    word
}

/// `before` and `after` are the characters around the word: `-5` and `4.5` are no ratings.
fn of_word(word: &str, before: char, after: Option<char>) -> Option<Vec<Word>> {
    if let Some(digits) = word.strip_prefix("nota").filter(|rest| !rest.is_empty()) {
        let digit = digit(digits)?;
        return Some(vec![Word::Text("nota".to_owned()), Word::Digit(digit)]);
    }
    if word.chars().any(char::is_numeric) {
        if matches!(before, '-' | '−' | '–') || before == '.' && after.is_none() {
            return None;
        }
        return Some(vec![Word::Digit(digit(word)?)]);
    }
    Some(vec![Word::Text(word.to_owned())])
}

/// 1 to 5, also with a zero in front.
fn digit(word: &str) -> Option<i64> {
    let digit = word.strip_prefix('0').unwrap_or(word);
    let value = digit.parse().ok()?;
    (digit.len() == 1 && (1..=5).contains(&value)).then_some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Texts of customers, by what they mean; `|` stands between them.
    const ONE: &str = "1|um|Uma|uma estrela|nota um|⭐|1 - péssimo|1, muito ruim|★☆☆☆☆";
    const TWO: &str = "2|dois|duas estrelas|nota: 2|⭐⭐|2.| 2 |02|🌟🌟|nota dois";
    const THREE: &str =
        "3|três|tres|TRÊS|3️⃣|3 estrelas|⭐⭐⭐|3/5|3 de 5|*3*|3 ⭐⭐⭐|nota 3|(3)|3)";
    const FOUR: &str = "4|quatro|nota 4|Nota: 4|nota4|nota 04|⭐⭐⭐⭐|⭐️⭐️⭐️⭐️|★★★★☆|4 estrelas|dou 4|dou nota 4|\
        quatro estrelas|4 ⭐|4!|minha nota é 4|4 de 5|nota = 4|Nota - 4|\"4\"|4 pontos|\
        4, obrigado|4\nobrigada|４|nota 4 (quatro)";
    const FIVE: &str = "5|cinco|CINCO|Cinco!!!|5 estrelas|⭐⭐⭐⭐⭐|⭐ ⭐ ⭐ ⭐ ⭐|🌟🌟🌟🌟🌟|★★★★★|5⭐|⭐5|5 😊|5 👏👏👏|\
        nota 5, ótimo atendimento|5 excelente|Cinco estrelas!|dou 5 estrelas pra vocês|5/5|\
        5 de 5|5 (cinco)|5️⃣|nota cinco|  5  |Nota: 5.|5...|Obrigado, 5|eu dou 5|\
        atendimento nota 5|5 parabéns|👍 5|5 👍🏽|avaliação: 5";
    const NONE: &str = "| |0|6|10|nota: 10|nota 10|nota10|nota 0|55|5 5|1 2|4 e 5|4 ou 5|4 a 5|1-5|-5|4.5|4,5|\
        3 1/2|5/4|4/10|8 de 10|5%|R$ 5|5 reais|+5|5?|#5|5 dias|5h|5 minutos|às 5|\
        são 5 pessoas|quero 2 vias|2ª via|2 via|preciso da segunda via do boleto|oi|obrigado|\
        bom dia|excelente|muito bom|um atendimento excelente|foi um bom atendimento|\
        uma dúvida|só um momento|1 dúvida|tenho 1 pergunta|opção 1|5 não gostei|não|sim|\
        1 excelente|5 péssimo|⭐⭐⭐⭐⭐⭐|☆☆☆☆☆|⭐⭐☆|2 ⭐⭐⭐|👍|😊|🙏|cincoenta|vinte e cinco|nota|\
        estrelas|123|12345678901|5511999990001|http://x.com/5|5 mas demorou|a nota é|pedido 4|\
        ²³|Ⅴ|½|٥";

    #[test]
    fn ratings_in_the_words_of_customers() {
        for (rating, texts) in [(1, ONE), (2, TWO), (3, THREE), (4, FOUR), (5, FIVE)] {
            for text in texts.split('|') {
                assert_eq!(understand(text), Some(rating), "{text}");
            }
        }
    }

    #[test]
    fn what_may_mean_something_else_is_no_rating() {
        for text in NONE.split('|') {
            assert_eq!(understand(text), None, "{text}");
        }
        assert_eq!(understand(&format!("5 {}", "obrigado ".repeat(20))), None, "too long");
    }

    proptest! {
        #[test]
        fn whatever_is_written_a_rating_is_one_to_five(text in ".{0,90}") {
            if let Some(rating) = understand(&text) {
                prop_assert!((1..=5).contains(&rating));
            }
        }

        #[test]
        fn numbers_beyond_the_scale_are_none(number in 6_u32..100_000, prefix in "(nota |nota: |dou |)") {
            prop_assert_eq!(understand(&format!("{prefix}{number}")), None);
        }

        #[test]
        fn blanks_case_and_marks_around_do_not_matter(
            rating in 1_i64..=5, before in "[ *_!]{0,3}", after in "[ .!*_]{0,3}",
        ) {
            prop_assert_eq!(understand(&format!("{before}{rating}{after}")), Some(rating));
            prop_assert_eq!(understand(&format!("NOTA:{before}{rating}{after}")), Some(rating));
        }
    }
}
