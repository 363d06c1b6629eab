//! Texts as people look for them: without accents, case and punctuation.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Words in lower case, without accents and with nothing but letters and digits in them, one space
/// apart: `São Paulo` becomes `sao paulo`, `12.345.678/0001-95` becomes `12345678000195`.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let start = plain.len();
        if word.is_ascii() {
            // Nothing to take apart, in most words.
            let letters = word.chars().filter(char::is_ascii_alphanumeric);
            plain.extend(letters.map(|c| c.to_ascii_lowercase()));
        } else {
            let letters = word.nfkd().filter(|c| !is_combining_mark(*c));
            let letters = letters.flat_map(char::to_lowercase);
            plain.extend(letters.filter(|c| c.is_alphanumeric()));
        }
        if plain.len() > start {
            plain.push(' ');
        }
    }
    plain.truncate(plain.trim_end().len());
    plain
}

/// What is searched of a row: its texts in their plain form.
pub fn search_text<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let plain: Vec<String> = texts.into_iter().map(plain).filter(|text| !text.is_empty()).collect();
    plain.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_case_and_punctuation_do_not_matter() {
        let cases = [
            ("São Paulo", "sao paulo"),
            ("  SÃO   PAULO ", "sao paulo"),
            ("Sa\u{303}o", "sao"),
            ("12.345.678/0001-95", "12345678000195"),
            ("contato@xyz.com.br", "contatoxyzcombr"),
            ("Pão & Cia. Ltda-ME", "pao cia ltdame"),
            ("(11) 98888-7777", "11 988887777"),
            ("Ｗide №1", "wide no1"),
            ("Nº_9~b São-JOÃO c\u{1}d", "no9b saojoao cd"),
            ("%_\\", ""),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(plain(text), expected, "{text}");
        }
        assert_eq!(plain("Straße"), "straße");
    }

    #[test]
    fn a_row_is_searched_by_all_its_texts() {
        assert_eq!(search_text(["Ana", "", "São João"]), "ana sao joao");
    }
}
