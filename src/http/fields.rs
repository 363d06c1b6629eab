//! Reads the fields of a body one by one and collects everything that is wrong, so that one answer
//! names all faulty fields. The texts are those of Django REST framework in pt-BR.
//!
//! A reader whose field is wrong returns a stand-in and notes the error; [`Fields::finish`] then fails.

use std::{fmt::Display, ops::RangeInclusive};

use dx_actors::domain::Timestamp;
use serde_json::Value;
use time::{Date, OffsetDateTime, Time};

use super::{
    body::{Body, Spelling, UploadedFile, kind_of},
    syntax,
};
use crate::error::{ApiResult, FieldErrors};

pub const REQUIRED: &str = "Este campo é obrigatório.";
const NULL: &str = "Este campo não pode ser nulo.";
const BLANK: &str = "Este campo não pode ser em branco.";
const NOT_TEXT: &str = "Não é uma string válida.";
const NUL_CHARACTER: &str = "Caracteres nulos não são permitidos.";
const NOT_INTEGER: &str = "Um número inteiro válido é exigido.";
pub(super) const NOT_BOOLEAN: &str = "Deve ser um valor booleano válido.";
const NOT_EMAIL: &str = "Insira um endereço de email válido.";
const NOT_URL: &str = "Entrar um URL válido.";
pub(super) const NO_FILE: &str = "Nenhum arquivo foi submetido.";
pub(super) const EMPTY_FILE: &str = "O arquivo submetido está vazio.";
const NOT_DATETIME: &str = "Formato inválido para data e hora. Use um dos formatos a seguir: \
                            YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";
const NOT_DATE: &str = "Formato inválido para data. Use um dos formatos a seguir: YYYY-MM-DD.";
const NOT_TIME: &str =
    "Formato inválido para Tempo. Use um dos formatos a seguir: hh:mm[:ss[.uuuuuu]].";
/// RFC 5321.
const EMAIL_CHARS_MAX: usize = 254;
/// Longest list of ids in one request.
const IDS_MAX: usize = 1000;
/// Longest list of texts in one request.
const TEXTS_MAX: usize = 100;

/// The fields of one body.
#[derive(Debug)]
pub struct Fields {
    body: Body,
    errors: FieldErrors,
}

impl Fields {
    pub(super) fn new(body: Body) -> Self {
        Self { body, errors: FieldErrors::default() }
    }

    /// The field was sent, be it `null`.
    pub fn is_present(&self, name: &str) -> bool {
        self.body.values.contains_key(name) || self.body.files.contains_key(name)
    }

    /// The first of `names` that was sent, else the first: for fields with two names.
    pub fn first_present<'n>(&self, names: &[&'n str]) -> &'n str {
        let sent = names.iter().find(|name| self.is_present(name));
        sent.or(names.first()).copied().unwrap_or_default()
    }

    /// Notes what the handler itself finds wrong.
    pub fn error(&mut self, name: &str, text: impl Into<String>) {
        self.errors.add(name.to_owned(), text);
    }

    pub fn has_error(&self, name: &str) -> bool {
        self.errors.has(name)
    }

    /// `value`, unless any field was wrong.
    pub fn finish<T>(self, value: T) -> ApiResult<T> {
        self.errors.finish(value)
    }

    /// 400 if any field was wrong so far; leaves nothing noted.
    pub fn check(&mut self) -> ApiResult<()> {
        std::mem::take(&mut self.errors).finish(())
    }

    /// The value as it came, for documents without a fixed shape.
    pub fn json(&self, name: &str) -> Option<&Value> {
        self.body.values.get(name)
    }

    // Texts. They are trimmed; lengths are in characters.

    /// Has to be sent and not be blank.
    pub fn required_text(&mut self, name: &str, chars_max: usize) -> String {
        self.require(name);
        self.changed_text(name, chars_max).unwrap_or_default()
    }

    /// Absent or `null` gives `default`; blank is allowed.
    pub fn text_or(&mut self, name: &str, chars_max: usize, default: &str) -> String {
        self.optional_text(name, chars_max).unwrap_or_else(|| default.to_owned())
    }

    /// Absent or `null` gives `None`; blank is allowed.
    pub fn optional_text(&mut self, name: &str, chars_max: usize) -> Option<String> {
        let value = self.not_null(name)?;
        self.text_of(name, &value, chars_max)
    }

    /// For changes of what must not be blank: absent gives `None`, `null` is wrong.
    pub fn changed_text(&mut self, name: &str, chars_max: usize) -> Option<String> {
        let text = self.value(name)?;
        let text = self.text_of(name, &text, chars_max)?;
        if text.is_empty() {
            return self.wrong(name, BLANK);
        }
        Some(text)
    }

    /// A password or token: has to be sent, is not trimmed.
    pub fn required_secret(&mut self, name: &str, chars_max: usize) -> String {
        self.require(name);
        self.changed_secret(name, chars_max).unwrap_or_default()
    }

    /// A new password or token, not trimmed; absent gives `None`.
    pub fn changed_secret(&mut self, name: &str, chars_max: usize) -> Option<String> {
        let value = self.value(name)?;
        let Some(text) = value.as_str().map(str::to_owned) else {
            return self.wrong(name, NOT_TEXT);
        };
        if text.is_empty() {
            return self.wrong(name, BLANK);
        }
        self.checked_text(name, text, chars_max)
    }

    /// A password or token, not trimmed: absent or `null` gives `None`; blank is allowed.
    pub fn optional_secret(&mut self, name: &str, chars_max: usize) -> Option<String> {
        let value = self.not_null(name)?;
        let Some(text) = value.as_str().map(str::to_owned) else {
            return self.wrong(name, NOT_TEXT);
        };
        self.checked_text(name, text, chars_max)
    }

    /// For changes of what may be blank: absent gives `None`, `null` blanks it.
    pub fn cleared_text(&mut self, name: &str, chars_max: usize) -> Option<String> {
        match self.single(name)? {
            Value::Null => Some(String::new()),
            value => self.text_of(name, &value, chars_max),
        }
    }

    /// Blank is allowed and stays blank.
    pub fn optional_email(&mut self, name: &str) -> Option<String> {
        let text = self.optional_text(name, EMAIL_CHARS_MAX)?;
        self.checked(name, text, |text| text.is_empty() || syntax::is_email(text), NOT_EMAIL)
    }

    pub fn email_or(&mut self, name: &str, default: &str) -> String {
        self.optional_email(name).unwrap_or_else(|| default.to_owned())
    }

    pub fn required_email(&mut self, name: &str) -> String {
        let text = self.required_text(name, EMAIL_CHARS_MAX);
        if text.is_empty() {
            return text;
        }
        self.checked(name, text, syntax::is_email, NOT_EMAIL).unwrap_or_default()
    }

    /// Blank is allowed and stays blank.
    pub fn optional_url(&mut self, name: &str, chars_max: usize) -> Option<String> {
        let text = self.optional_text(name, chars_max)?;
        self.checked(name, text, |text| text.is_empty() || syntax::is_url(text), NOT_URL)
    }

    // Numbers and switches.

    pub fn required_int(&mut self, name: &str, range: RangeInclusive<i64>) -> i64 {
        self.require(name);
        self.changed_int(name, range).unwrap_or_default()
    }

    pub fn int_or(&mut self, name: &str, range: RangeInclusive<i64>, default: i64) -> i64 {
        self.optional_int(name, range).unwrap_or(default)
    }

    /// Absent or `null` gives `None`; so does a blank in a form.
    pub fn optional_int(&mut self, name: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let value = self.not_null(name)?;
        if self.is_blank_in_form(&value) {
            return None;
        }
        self.int_of(name, &value, range)
    }

    /// For changes: absent gives `None`, `null` is wrong.
    pub fn changed_int(&mut self, name: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let value = self.value(name)?;
        self.int_of(name, &value, range)
    }

    /// The id of a row, which the hub looks up.
    pub fn required_id(&mut self, name: &str) -> i64 {
        self.require(name);
        self.value(name).and_then(|value| self.id_of(name, &value)).unwrap_or_default()
    }

    /// Absent, `null` or a blank in a form gives `None`.
    pub fn optional_id(&mut self, name: &str) -> Option<i64> {
        let value = self.not_null(name)?;
        if self.is_blank_in_form(&value) {
            return None;
        }
        self.id_of(name, &value)
    }

    /// The items of a list; absent or `null` gives `None`. A form repeats the name.
    pub fn items(&mut self, name: &str, items_max: usize) -> Option<Vec<Value>> {
        let list = match self.raw(name)? {
            Value::Null => return None,
            Value::Array(list) => list,
            blank if self.is_blank_in_form(&blank) => Vec::new(),
            single if self.body.spelling == Spelling::Form => vec![single],
            other => return self.wrong(name, not_list(&other)),
        };
        if list.len() > items_max {
            return self.wrong(name, format!("Mais de {items_max} itens."));
        }
        Some(list)
    }

    /// A list of ids; absent or `null` gives `None`.
    pub fn optional_ids(&mut self, name: &str) -> Option<Vec<i64>> {
        self.items(name, IDS_MAX)?.iter().map(|value| self.id_of(name, value)).collect()
    }

    pub fn required_ids(&mut self, name: &str) -> Vec<i64> {
        self.require_list(name);
        self.optional_ids(name).unwrap_or_default()
    }

    /// A list of texts, trimmed; absent or `null` gives `None`.
    pub fn optional_texts(&mut self, name: &str, chars_max: usize) -> Option<Vec<String>> {
        let list = self.items(name, TEXTS_MAX)?;
        list.iter().map(|value| self.text_of(name, value, chars_max)).collect()
    }

    /// The same, but it has to be sent; it may be empty.
    pub fn required_texts(&mut self, name: &str, chars_max: usize) -> Vec<String> {
        self.require_list(name);
        self.optional_texts(name, chars_max).unwrap_or_default()
    }

    fn require_list(&mut self, name: &str) {
        if self.raw(name).is_some_and(|value| value.is_null()) {
            self.error(name, NULL);
        }
        self.require(name);
    }

    pub fn bool_or(&mut self, name: &str, default: bool) -> bool {
        self.optional_bool(name).unwrap_or(default)
    }

    /// Absent gives `None`, `null` is wrong.
    pub fn optional_bool(&mut self, name: &str) -> Option<bool> {
        let value = self.value(name)?;
        match syntax::boolean(&value) {
            None => self.wrong(name, NOT_BOOLEAN),
            switch => switch,
        }
    }

    // Closed vocabularies.

    /// `stand_in` is only what is returned when the field is wrong.
    pub fn required_choice<T>(
        &mut self,
        name: &str,
        stand_in: T,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> T {
        self.require(name);
        self.optional_choice(name, parse).unwrap_or(stand_in)
    }

    pub fn choice_or<T>(
        &mut self,
        name: &str,
        default: T,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> T {
        self.optional_choice(name, parse).unwrap_or(default)
    }

    /// Absent gives `None`, `null` is wrong.
    pub fn optional_choice<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.value(name)?;
        match value.as_str().and_then(parse) {
            None => {
                let input = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                self.wrong(name, format!("\"{input}\" não é um escolha válido."))
            }
            choice => choice,
        }
    }

    // Times.

    /// Absent or `null` gives `None`; without an offset it is local time.
    pub fn optional_datetime(&mut self, name: &str) -> Option<Timestamp> {
        let at = self.parsed(name, syntax::datetime, NOT_DATETIME);
        at.map(|at: OffsetDateTime| Timestamp::from_offset_date_time(at))
    }

    /// Absent or `null` gives `None`.
    pub fn optional_date(&mut self, name: &str) -> Option<Date> {
        self.parsed(name, syntax::date, NOT_DATE)
    }

    /// Absent or `null` gives `None`.
    pub fn optional_time(&mut self, name: &str) -> Option<Time> {
        self.parsed(name, syntax::time, NOT_TIME)
    }

    // Objects.

    /// Reads the fields of the object `name`; what is wrong in it is noted as `name.key`. Absent or `null`
    /// reads nothing.
    pub fn within(&mut self, name: &str, read: impl FnOnce(&mut Self)) {
        match self.not_null(name) {
            None => {}
            Some(Value::Object(values)) => {
                let files = std::collections::BTreeMap::new();
                let mut inner = Self::new(Body { values, files, spelling: Spelling::Json });
                read(&mut inner);
                self.errors.add_within(name, inner.errors);
            }
            Some(other) => self.error(name, not_object(&other)),
        }
    }

    // Files.

    pub fn required_file(&mut self, name: &str) -> Option<UploadedFile> {
        match self.body.files.remove(name) {
            None => self.wrong(name, NO_FILE),
            Some(file) if file.bytes.is_empty() => self.wrong(name, EMPTY_FILE),
            file => file,
        }
    }

    pub fn optional_file(&mut self, name: &str) -> Option<UploadedFile> {
        if self.body.files.contains_key(name) { self.required_file(name) } else { None }
    }
}

/// How the readers above get at a value.
impl Fields {
    fn require(&mut self, name: &str) {
        if !self.body.values.contains_key(name) {
            self.error(name, REQUIRED);
        }
    }

    fn raw(&self, name: &str) -> Option<Value> {
        self.body.values.get(name).cloned()
    }

    /// Of a name that a form repeats, the last value counts. `null` is wrong.
    fn value(&mut self, name: &str) -> Option<Value> {
        match self.single(name)? {
            Value::Null => self.wrong(name, NULL),
            value => Some(value),
        }
    }

    fn not_null(&self, name: &str) -> Option<Value> {
        self.single(name).filter(|value| !value.is_null())
    }

    fn single(&self, name: &str) -> Option<Value> {
        match (self.raw(name)?, self.body.spelling) {
            (Value::Array(mut list), Spelling::Form) => list.pop(),
            (value, _) => Some(value),
        }
    }

    fn is_blank_in_form(&self, value: &Value) -> bool {
        self.body.spelling == Spelling::Form && value.as_str().is_some_and(|t| t.trim().is_empty())
    }

    fn text_of(&mut self, name: &str, value: &Value, chars_max: usize) -> Option<String> {
        let text = match value {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return self.wrong(name, NOT_TEXT),
        };
        self.checked_text(name, text, chars_max)
    }

    fn checked_text(&mut self, name: &str, text: String, chars_max: usize) -> Option<String> {
        if text.contains('\0') {
            return self.wrong(name, NUL_CHARACTER);
        }
        if text.chars().count() > chars_max {
            return self.wrong(name, too_long(chars_max));
        }
        Some(text)
    }

    fn int_of(&mut self, name: &str, value: &Value, range: RangeInclusive<i64>) -> Option<i64> {
        let Some(number) = syntax::integer(value) else { return self.wrong(name, NOT_INTEGER) };
        if number < *range.start() {
            return self.wrong(name, too_small(range.start()));
        }
        if number > *range.end() {
            return self.wrong(name, too_great(range.end()));
        }
        Some(number)
    }

    fn id_of(&mut self, name: &str, value: &Value) -> Option<i64> {
        match syntax::integer(value) {
            None => {
                let kind = kind_of(value);
                self.wrong(name, format!("Tipo incorreto. Esperado valor pk, recebeu {kind}."))
            }
            id => id,
        }
    }

    fn parsed<T>(&mut self, name: &str, parse: fn(&str) -> Option<T>, text: &str) -> Option<T> {
        let value = self.not_null(name)?;
        if self.is_blank_in_form(&value) {
            return None;
        }
        match value.as_str().and_then(|text| parse(text.trim())) {
            None => self.wrong(name, text),
            parsed => parsed,
        }
    }

    fn checked(
        &mut self,
        name: &str,
        text: String,
        is_good: impl FnOnce(&str) -> bool,
        otherwise: &str,
    ) -> Option<String> {
        if is_good(&text) { Some(text) } else { self.wrong(name, otherwise) }
    }

    fn wrong<T>(&mut self, name: &str, text: impl Into<String>) -> Option<T> {
        self.error(name, text);
        None
    }
}

/// The text for a value that should be an object.
pub fn not_object(value: &Value) -> String {
    format!("Dado inválido. Necessário um dicionário mas recebeu {}.", kind_of(value))
}

/// The text for a value that should be a list.
pub fn not_list(value: &Value) -> String {
    format!("Necessário uma lista de itens, mas recebeu tipo \"{}\".", kind_of(value))
}

/// The text for a value that is too long.
pub fn too_long(chars_max: usize) -> String {
    format!("Certifique-se de que este campo não tenha mais de {chars_max} caracteres.")
}

fn too_small(min: impl Display) -> String {
    format!("Certifique-se de que este valor seja maior ou igual a {min}.")
}

fn too_great(max: impl Display) -> String {
    format!("Certifique-se de que este valor seja inferior ou igual a {max}.")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{error::ApiError, test_support::body_text};
    use axum::response::IntoResponse;

    fn json_fields(value: Value) -> Fields {
        let Value::Object(values) = value else { panic!("not an object") };
        Body { values, files: std::collections::BTreeMap::new(), spelling: Spelling::Json }.fields()
    }

    fn form_fields(value: Value) -> Fields {
        let mut fields = json_fields(value);
        fields.body.spelling = Spelling::Form;
        fields
    }

    async fn errors_of(fields: Fields) -> Value {
        match fields.finish(()) {
            Ok(()) => json!({}),
            Err(error @ ApiError::Invalid(_)) => {
                serde_json::from_str(&body_text(error.into_response()).await).unwrap()
            }
            Err(other) => panic!("{other}"),
        }
    }

    /// Reads the field `f` and gives the value and the first text of the errors.
    async fn read<T>(value: Value, read: impl FnOnce(&mut Fields) -> T) -> (T, Option<String>) {
        let mut fields =
            json_fields(if value == json!("absent") { json!({}) } else { json!({"f": value}) });
        let value = read(&mut fields);
        let errors = errors_of(fields).await;
        (value, errors["f"][0].as_str().map(str::to_owned))
    }

    #[tokio::test]
    async fn all_faulty_fields_are_named_at_once() {
        let mut fields = json_fields(json!({"nome": "", "cor": "x", "n": "z", "m": null}));
        let _: String = fields.required_text("nome", 5);
        let _: String = fields.required_text("fora", 5);
        let _: i64 = fields.required_int("n", 0..=5);
        let _: i64 = fields.required_int("m", 0..=5);
        let _: u8 = fields.required_choice("cor", 0, |_| None);
        fields.error("nome", "outro erro");
        let expected = json!({
            "nome": [BLANK, "outro erro"],
            "fora": [REQUIRED],
            "n": [NOT_INTEGER],
            "m": [NULL],
            "cor": ["\"x\" não é um escolha válido."],
        });
        assert_eq!(errors_of(fields).await, expected);
    }

    #[tokio::test]
    async fn texts_are_trimmed_and_counted_in_characters() {
        let cases = [
            (json!(" ação "), Some("ação"), None),
            (json!("ações"), None, Some(too_long(4))),
            (json!(12), Some("12"), None),
            (json!("   "), None, Some(BLANK.into())),
            (json!(true), None, Some(NOT_TEXT.into())),
            (json!(["a"]), None, Some(NOT_TEXT.into())),
            (json!(null), None, Some(NULL.into())),
            (json!("a\0"), None, Some(NUL_CHARACTER.into())),
            (json!("absent"), None, Some(REQUIRED.into())),
        ];
        for (value, expected, error) in cases {
            let (text, actual) = read(value.clone(), |f| f.required_text("f", 4)).await;
            assert_eq!((text.as_str(), actual), (expected.unwrap_or(""), error), "{value}");
        }
    }

    #[tokio::test]
    async fn optional_texts_take_null_and_blank() {
        let cases = [
            (json!("absent"), None),
            (json!(null), None),
            (json!(""), Some("")),
            (json!("a"), Some("a")),
        ];
        for (value, expected) in cases {
            let (text, error) = read(value.clone(), |f| f.optional_text("f", 4)).await;
            assert_eq!((text.as_deref(), error), (expected, None), "{value}");
            let (text, _) = read(value, |f| f.text_or("f", 4, "d")).await;
            assert_eq!(text, expected.unwrap_or("d"));
        }
    }

    #[tokio::test]
    async fn integers_may_be_spelled_as_text() {
        let cases = [
            (json!(5), Some(5), None),
            (json!("5"), Some(5), None),
            (json!(5.0), Some(5), None),
            (json!(5.5), None, Some(NOT_INTEGER.into())),
            (json!("5a"), None, Some(NOT_INTEGER.into())),
            (json!(true), None, Some(NOT_INTEGER.into())),
            (json!(1e300), None, Some(NOT_INTEGER.into())),
            (
                json!(0),
                None,
                Some("Certifique-se de que este valor seja maior ou igual a 1.".into()),
            ),
            (
                json!(10),
                None,
                Some("Certifique-se de que este valor seja inferior ou igual a 9.".into()),
            ),
            (json!(null), None, None),
            (json!("absent"), None, None),
        ];
        for (value, expected, error) in cases {
            let outcome = read(value.clone(), |f| f.optional_int("f", 1..=9)).await;
            assert_eq!(outcome, (expected, error), "{value}");
        }
    }

    #[tokio::test]
    async fn booleans_choices_and_ids_have_their_own_texts() {
        for (value, expected) in
            [(json!(true), true), (json!("false"), false), (json!(1), true), (json!("0"), false)]
        {
            assert_eq!(read(value, |f| f.optional_bool("f")).await, (Some(expected), None));
        }
        let (_, error) = read(json!("talvez"), |f| f.optional_bool("f")).await;
        assert_eq!(error.unwrap(), NOT_BOOLEAN);
        let (_, error) = read(json!("x"), |f| f.required_id("f")).await;
        assert_eq!(error.unwrap(), "Tipo incorreto. Esperado valor pk, recebeu str.");
        assert_eq!(read(json!("7"), |f| f.required_id("f")).await, (7, None));
        let (_, error) = read(json!(3), |f| f.optional_ids("f")).await;
        assert_eq!(error.unwrap(), "Necessário uma lista de itens, mas recebeu tipo \"int\".");
        assert_eq!(read(json!([1, "2"]), |f| f.optional_ids("f")).await, (Some(vec![1, 2]), None));
        let (choice, error) =
            read(json!("a"), |f| f.optional_choice("f", |t| (t == "a").then_some(1))).await;
        assert_eq!((choice, error), (Some(1), None));
    }

    #[tokio::test]
    async fn emails_urls_and_times_are_checked() {
        assert_eq!(read(json!("a@b"), |f| f.required_email("f")).await.1.unwrap(), NOT_EMAIL);
        assert_eq!(read(json!(""), |f| f.required_email("f")).await.1.unwrap(), BLANK);
        assert_eq!(read(json!(""), |f| f.optional_email("f")).await, (Some(String::new()), None));
        assert_eq!(read(json!("x"), |f| f.optional_url("f", 9)).await.1.unwrap(), NOT_URL);
        assert_eq!(
            read(json!("ontem"), |f| f.optional_datetime("f")).await.1.unwrap(),
            NOT_DATETIME
        );
        let (at, error) = read(json!("2026-01-02T03:04:05Z"), |f| f.optional_datetime("f")).await;
        assert_eq!((at.unwrap().millis(), error), (1_767_323_045_000, None));
        assert_eq!(read(json!("25:00"), |f| f.optional_time("f")).await.1.unwrap(), NOT_TIME);
        assert_eq!(read(json!(20), |f| f.optional_date("f")).await.1.unwrap(), NOT_DATE);
    }

    #[tokio::test]
    async fn a_form_repeats_names_for_lists_and_leaves_blanks() {
        let mut fields =
            form_fields(json!({"ids": ["1", "2"], "um": "3", "n": ["4", "5"], "v": ""}));
        assert_eq!(fields.optional_ids("ids"), Some(vec![1, 2]));
        assert_eq!(fields.optional_ids("um"), Some(vec![3]));
        assert_eq!(fields.optional_int("n", 0..=9), Some(5));
        assert_eq!(fields.optional_int("v", 0..=9), None);
        assert_eq!(fields.optional_id("v"), None);
        assert_eq!(fields.optional_ids("v"), Some(vec![]));
        assert_eq!(errors_of(fields).await, json!({}));
    }

    #[tokio::test]
    async fn what_is_wrong_in_an_object_is_named_with_its_path() {
        let mut fields = json_fields(json!({"a": {"b": {"c": "x"}, "d": 1}, "e": [], "g": null}));
        let mut seen = None;
        fields.within("a", |a| {
            seen = a.optional_int("d", 0..=9);
            a.within("b", |b| b.error("c", "ruim"));
        });
        fields.within("e", |_| panic!("not an object"));
        fields.within("g", |_| panic!("null"));
        fields.within("h", |_| panic!("absent"));
        assert_eq!(seen, Some(1));
        let text = "Dado inválido. Necessário um dicionário mas recebeu list.";
        assert_eq!(errors_of(fields).await, json!({"a.b.c": ["ruim"], "e": [text]}));
    }

    #[tokio::test]
    async fn null_blanks_what_may_be_blank_and_keeps_a_secret() {
        let cases = [(json!("absent"), None), (json!(null), Some("")), (json!(" a "), Some("a"))];
        for (value, expected) in cases {
            let (text, error) = read(value.clone(), |f| f.cleared_text("f", 4)).await;
            assert_eq!((text.as_deref(), error), (expected, None), "{value}");
        }
        let cases = [(json!(null), None), (json!(""), Some("")), (json!(" a "), Some(" a "))];
        for (value, expected) in cases {
            let (text, error) = read(value.clone(), |f| f.optional_secret("f", 4)).await;
            assert_eq!((text.as_deref(), error), (expected, None), "{value}");
        }
        assert_eq!(read(json!(1), |f| f.optional_secret("f", 4)).await.1.unwrap(), NOT_TEXT);
    }

    #[tokio::test]
    async fn a_missing_or_empty_file_is_named() {
        let mut fields = form_fields(json!({}));
        let file = |bytes: &'static [u8]| UploadedFile {
            name: "a".into(),
            content_type: String::new(),
            bytes: bytes.into(),
        };
        fields.body.files.insert("vazio".into(), file(b""));
        fields.body.files.insert("bom".into(), file(b"x"));
        assert!(fields.required_file("bom").is_some() && fields.optional_file("fora").is_none());
        assert!(fields.required_file("vazio").is_none() && fields.required_file("fora").is_none());
        assert_eq!(errors_of(fields).await, json!({"vazio": [EMPTY_FILE], "fora": [NO_FILE]}));
    }
}
