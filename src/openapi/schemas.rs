//! Schemas that annotations refer to: vocabularies, instants and ids, and the rule of which fields an
//! answer always has.

use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{
        Components, KnownFormat, Object, RefOr, Schema, SchemaFormat,
        schema::{ObjectBuilder, OneOfBuilder, SchemaType, Type},
    },
};

use crate::wire::{time::At, words::Word};

/// The words of a closed vocabulary, out of the table that translates them.
pub fn word<W: Word>() -> Object {
    let words = W::WORDS.iter().map(|(_, word)| *word);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

/// One of some words.
pub fn one_of(words: &[&str]) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.iter().copied())).build()
}

/// Functions for `schema_with`, beside which a doc comment is not published: a schema and what it says.
macro_rules! described {
    ($($name:ident = $schema:expr, $text:literal;)*) => {$(
        fn $name() -> utoipa::openapi::Object {
            let mut schema = $schema;
            schema.description = Some($text.to_owned());
            schema
        }
    )*};
}
pub(crate) use described;

/// A word, or `null`.
pub fn word_or_null<W: Word>() -> Object {
    let words = W::WORDS.iter().map(|(_, word)| Some(*word)).chain([None]);
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(words))
        .build()
}

impl PartialSchema for At {
    fn schema() -> RefOr<Schema> {
        let at = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .examples(["2026-01-02T03:04:05.120000Z"]);
        RefOr::T(at.into())
    }
}

impl ToSchema for At {
    fn name() -> std::borrow::Cow<'static, str> {
        "Instante".into()
    }
}

/// Bytes that are no JSON: a file, on its way in or out.
pub fn binary() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
        .build()
}

/// A file as an answer.
pub struct FileOut;

impl PartialSchema for FileOut {
    fn schema() -> RefOr<Schema> {
        RefOr::T(binary().into())
    }
}

impl ToSchema for FileOut {}

/// `page` and `page_size` of every list that comes in pages.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    #[param(schema_with = page_number, required = false)]
    pub page: u64,
    /// Linhas por página; valores fora do intervalo são corrigidos. Padrão: 20.
    #[param(required = false, minimum = 1, maximum = 100)]
    pub page_size: u64,
}

fn page_number() -> Schema {
    let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
    let last = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["last"]));
    let about =
        "Número da página, a partir de 1; `last` é a última. Uma página que não existe é 404.";
    OneOfBuilder::new().item(number).item(last).description(Some(about)).into()
}

/// Answers always hold every field, also those that are `null`. The others, which are left out when
/// there is nothing to say, are those that are declared without being nullable.
pub(super) fn complete(components: &mut Components) {
    for (name, schema) in &mut components.schemas {
        let RefOr::T(schema) = schema else { continue };
        if name.contains("Out") {
            require_nullable(schema);
        }
    }
}

fn require_nullable(schema: &mut Schema) {
    match schema {
        Schema::Object(object) => {
            for (name, property) in &object.properties {
                if is_nullable(property) && !object.required.contains(name) {
                    object.required.push(name.clone());
                }
            }
        }
        Schema::AllOf(parts) => {
            for part in &mut parts.items {
                if let RefOr::T(part) = part {
                    require_nullable(part);
                }
            }
        }
        _ => {}
    }
}

fn is_nullable(property: &RefOr<Schema>) -> bool {
    let has_null = |kind: &SchemaType| match kind {
        SchemaType::Type(kind) => *kind == Type::Null,
        SchemaType::Array(kinds) => kinds.contains(&Type::Null),
        SchemaType::AnyValue => false,
    };
    match property {
        RefOr::T(Schema::Object(object)) => has_null(&object.schema_type),
        RefOr::T(Schema::Array(array)) => has_null(&array.schema_type),
        RefOr::T(Schema::OneOf(one_of)) => one_of.items.iter().any(is_nullable),
        _ => false,
    }
}
