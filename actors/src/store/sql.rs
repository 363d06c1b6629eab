//! A statement with its arguments, written once for both databases.
//!
//! Text only ever grows by literals, so nothing that a user sent can become SQL.

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr, types::Json};

use crate::domain::{Reasons, Timestamp, plain::plain, settings::OpeningHours};

/// Capitals beyond ASCII that one term of a search is also found in; Portuguese has thirteen. Each is a call per row.
const CAPITALS_MAX: usize = 16;

/// A value bound to a placeholder. `None` stays typed, which PostgreSQL insists on. What is large is on the
/// heap: a statement of 64 messages moves some 1,500 of them.
#[derive(Debug, Clone)]
pub(crate) enum Arg {
    Int(Option<i64>),
    Bool(Option<bool>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
    Time(Option<Timestamp>),
    Date(Option<time::Date>),
    Hours(Option<Json<Box<OpeningHours>>>),
    Reasons(Json<Box<Reasons>>),
}

const _: () = assert!(size_of::<Arg>() <= 32, "statements move thousands of these");

impl Arg {
    fn is_null(&self) -> bool {
        match self {
            Self::Int(value) => value.is_none(),
            Self::Bool(value) => value.is_none(),
            Self::Text(value) => value.is_none(),
            Self::Bytes(value) => value.is_none(),
            Self::Time(value) => value.is_none(),
            Self::Date(value) => value.is_none(),
            Self::Hours(value) => value.is_none(),
            Self::Reasons(_) => false,
        }
    }
}

macro_rules! arguments {
    ($($from:ty => $variant:ident),* $(,)?) => {$(
        impl From<$from> for Arg {
            fn from(value: $from) -> Self {
                Self::$variant(Some(value.into()))
            }
        }

        impl From<Option<$from>> for Arg {
            fn from(value: Option<$from>) -> Self {
                Self::$variant(value.map(Into::into))
            }
        }
    )*};
}

arguments!(
    i64 => Int, bool => Bool, String => Text, &str => Text, Vec<u8> => Bytes, &[u8] => Bytes,
    Timestamp => Time, time::Date => Date,
);

impl From<Option<OpeningHours>> for Arg {
    fn from(hours: Option<OpeningHours>) -> Self {
        Self::Hours(hours.map(Box::new).map(Json))
    }
}

impl From<&Reasons> for Arg {
    fn from(reasons: &Reasons) -> Self {
        Self::Reasons(Json(Box::new(reasons.clone())))
    }
}

macro_rules! id_arguments {
    ($($id:ident),* $(,)?) => {$(
        impl From<crate::domain::$id> for Arg {
            fn from(id: crate::domain::$id) -> Self {
                Self::Int(Some(id.0))
            }
        }

        impl From<Option<crate::domain::$id>> for Arg {
            fn from(id: Option<crate::domain::$id>) -> Self {
                Self::Int(id.map(|id| id.0))
            }
        }
    )*};
}

id_arguments!(
    AgentId,
    CompanyGroupId,
    ContactId,
    CustomerId,
    DeliveryId,
    DepartmentId,
    DocumentId,
    GroupId,
    IntegrationEventId,
    MergeId,
    MessageRowId,
    NoteId,
    PermissionId,
    QueueEntryId,
    QuickReplyId,
    SessionId,
    TicketId,
    TransferId,
    WebhookId,
);

macro_rules! text_arguments {
    ($($type:path),* $(,)?) => {$(
        impl From<&$type> for Arg {
            fn from(value: &$type) -> Self {
                Self::Text(Some(value.as_str().to_owned()))
            }
        }

        impl From<Option<&$type>> for Arg {
            fn from(value: Option<&$type>) -> Self {
                Self::Text(value.map(|value| value.as_str().to_owned()))
            }
        }
    )*};
}

text_arguments!(
    crate::domain::tax_id::TaxId,
    crate::domain::postal_code::PostalCode,
    crate::domain::file::FileKey,
);

/// Closed vocabularies are TEXT; their spelling is the one that the row types decode.
macro_rules! word_arguments {
    ($($word:path => { $($variant:ident => $text:literal),* $(,)? })*) => {$(
        impl From<$word> for Arg {
            fn from(word: $word) -> Self {
                let text = match word { $(<$word>::$variant => $text),* };
                Self::Text(Some(text.to_owned()))
            }
        }

        impl From<Option<$word>> for Arg {
            fn from(word: Option<$word>) -> Self {
                word.map_or(Self::Text(None), Self::from)
            }
        }
    )*};
}

word_arguments! {
    crate::domain::Role => {
        Agent => "agent", Supervisor => "supervisor", Manager => "manager", Admin => "admin",
    }
    crate::domain::PresenceStatus => {
        Online => "online", Offline => "offline", Busy => "busy", Away => "away",
    }
    crate::domain::PresenceCause => {
        Own => "self", Silence => "silence", Forced => "forced", Offers => "offers",
        Deactivated => "deactivated",
    }
    crate::domain::Priority => {
        Low => "low", Normal => "normal", High => "high", Urgent => "urgent",
    }
    crate::domain::TicketStatus => {
        Waiting => "waiting", Active => "active", Paused => "paused", Closed => "closed",
        Cancelled => "cancelled",
    }
    crate::domain::PersonType => { Company => "company", Individual => "individual" }
    crate::domain::CustomerStatus => {
        Active => "active", Inactive => "inactive", Suspended => "suspended", Blocked => "blocked",
    }
    crate::domain::TaxRegime => {
        SimplesNacional => "simples_nacional", LucroPresumido => "lucro_presumido",
        LucroReal => "lucro_real", Mei => "mei", Other => "other",
    }
    crate::domain::MediaStatus => { Pending => "pending", Ready => "ready", Failed => "failed" }
    crate::domain::Side => { Customer => "customer", Company => "company" }
    crate::domain::ChangeKind => {
        Reaction => "reaction", Edit => "edit", Deletion => "deletion", Vote => "vote",
    }
    crate::domain::SessionStatus => {
        Disconnected => "disconnected", Connecting => "connecting", QrCode => "qrcode",
        Authenticated => "authenticated", Ready => "ready", Error => "error",
    }
    crate::domain::address::PostalSource => {
        ViaCep => "viacep", BrasilApi => "brasilapi",
    }
    crate::domain::ProviderKind => { Sandbox => "sandbox", Web => "web", Cloud => "cloud" }
    crate::domain::cloud::TemplateStatus => {
        Approved => "approved", Pending => "pending", Rejected => "rejected",
        Paused => "paused", Disabled => "disabled", Other => "other",
    }
    crate::domain::audit::AuditAction => {
        Created => "created", Updated => "updated", Deleted => "deleted",
        Generated => "generated", Exported => "exported", Imported => "imported",
    }
    crate::domain::audit::AuditSubject => {
        Agent => "agent", Group => "group", Department => "department", Session => "session",
        Settings => "settings", Customer => "customer", CompanyGroup => "company_group",
        Contact => "contact", Document => "document", Note => "note",
        QuickReply => "quick_reply",
    }
    crate::domain::DocumentKind => {
        Contract => "contract", Boleto => "boleto", Proposal => "proposal",
        Certificate => "certificate", License => "license", Permit => "permit",
        Receipt => "receipt", Other => "other",
    }
    crate::domain::DocumentStatus => {
        Generated => "generated", Sent => "sent", Signed => "signed", Cancelled => "cancelled",
        Approved => "approved", Rejected => "rejected", Expired => "expired",
    }
    crate::domain::DocumentOrigin => {
        Manual => "manual", Generated => "generated", Imported => "imported",
    }
    crate::domain::AssignmentMode => { Assign => "assign", Offer => "offer" }
    crate::domain::DecisionKind => {
        Assigned => "assigned", Offered => "offered", OfferDeclined => "offer_declined",
        OfferExpired => "offer_expired", Accepted => "accepted", Transferred => "transferred",
        TransferReturned => "transfer_returned", Requeued => "requeued",
        Overflowed => "overflowed", Pinned => "pinned",
    }
    crate::domain::Direction => { Inbound => "inbound", Outbound => "outbound" }
    crate::domain::MessageKind => {
        Text => "text", Image => "image", Audio => "audio", Video => "video",
        Document => "document", Location => "location", Contact => "contact",
        Sticker => "sticker", Template => "template", Interactive => "interactive",
        Poll => "poll",
    }
    crate::domain::MessageStatus => {
        Queued => "queued", Sending => "sending", Sent => "sent", Failed => "failed",
        Delivered => "delivered", Read => "read",
    }
    crate::domain::webhook::DeliveryStatus => {
        Pending => "pending", Delivered => "delivered", Dead => "dead",
    }
}

impl From<crate::domain::webhook::EventKind> for Arg {
    fn from(kind: crate::domain::webhook::EventKind) -> Self {
        Self::Text(Some(kind.as_str().to_owned()))
    }
}

/// The columns of a row, each with its value.
pub(crate) type Values<const N: usize> = [(&'static str, Arg); N];

/// A statement and its arguments.
#[derive(Debug, Clone)]
pub(crate) struct Sql {
    fixed: &'static str,
    /// With what was appended; each `?` is a placeholder, in the order of the values.
    grown: Option<String>,
    /// How many values belong to placeholders of the fixed text, which have numbers; those come first.
    bound: usize,
    args: Vec<Arg>,
}

/// How the placeholders of a statement are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// `$1, $2, …`
    Numbered,
    /// `?, ?, …` where all of them were appended. SQLite walks over all the names of a statement to find one of
    /// them, so that with numbers a statement of a thousand values costs a million steps.
    Plain,
}

/// Begins a statement with literal text.
pub(crate) fn sql(text: &'static str) -> Sql {
    debug_assert!(!text.contains('?'), "a placeholder has a number, or is appended: {text}");
    Sql { fixed: text, grown: None, bound: 0, args: Vec::new() }
}

impl Sql {
    /// Binds the next placeholder of the fixed text, before any is appended.
    pub(crate) fn bind(mut self, value: impl Into<Arg>) -> Self {
        debug_assert_eq!(self.bound, self.args.len(), "bound late: {}", self.text());
        self.bound += 1;
        self.args.push(value.into());
        self
    }

    /// Appends literal text.
    pub(crate) fn push(mut self, text: &'static str) -> Self {
        debug_assert!(!text.contains('?'), "a value is bound: {text}");
        self.text_mut().push_str(text);
        self
    }

    /// Appends literal text, a new placeholder and its value: `.push_bind(" AND id < ", id)`.
    pub(crate) fn push_bind(mut self, text: &'static str, value: impl Into<Arg>) -> Self {
        self.args.push(value.into());
        let buffer = self.text_mut();
        buffer.push_str(text);
        buffer.push('?');
        self
    }

    /// `(…), (…), …`: for each row, in parentheses, what `values` appends.
    pub(crate) fn push_rows<R>(mut self, rows: &[R], values: impl Fn(Self, &R) -> Self) -> Self {
        let mut separator = "(";
        for row in rows {
            self = values(self.push(separator), row).push(")");
            separator = ", (";
        }
        self
    }

    /// `(column, …) VALUES (…), …`: each row names its columns, always the same. One that is NULL in all rows
    /// is left out: half of a message is, and each value costs.
    pub(crate) fn push_values<const N: usize>(mut self, rows: Vec<Values<N>>) -> Self {
        let is_used: [bool; N] =
            std::array::from_fn(|at| rows.iter().any(|row| !row[at].1.is_null()));
        let names = rows.first().into_iter().flatten().zip(is_used);
        let names = names.filter(|(_, is_used)| *is_used).map(|((name, _), _)| *name);
        let names: Vec<&str> = names.collect();
        let places = vec!["?"; names.len()].join(", ");
        let groups = vec![places.as_str(); rows.len()].join("), (");
        self.args.reserve(names.len() * rows.len());
        for row in rows {
            let values = row.into_iter().zip(is_used).filter(|(_, is_used)| *is_used);
            self.args.extend(values.map(|((_, value), _)| value));
        }
        let text = self.text_mut();
        for part in [" (", &names.join(", "), ") VALUES (", &groups, ")"] {
            text.push_str(part);
        }
        self
    }

    /// Like [`Sql::push_bind`], or nothing when there is no value.
    pub(crate) fn push_bind_if(self, text: &'static str, value: Option<impl Into<Arg>>) -> Self {
        match value {
            Some(value) => self.push_bind(text, value),
            None => self,
        }
    }

    /// `text ($n, $m, …)`; an empty list matches nothing.
    pub(crate) fn push_in<A: Into<Arg>>(
        mut self,
        text: &'static str,
        values: impl IntoIterator<Item = A>,
    ) -> Self {
        self = self.push(text).push(" (");
        let mut separator = "";
        for value in values {
            self = self.push_bind(separator, value);
            separator = ", ";
        }
        if separator.is_empty() { self.push("NULL)") } else { self.push(")") }
    }

    /// ` AND (LOWER(a) LIKE $n OR LOWER(b) LIKE $n …)` for each term: all terms have to be found, each
    /// in any of the columns. Case does not count.
    pub(crate) fn push_search(self, terms: &[String], columns: &[&'static str]) -> Self {
        self.push_mixed_search(terms, &[], columns)
    }

    /// The same, where some texts have a column beside them that holds them as [`plain`] makes them, named
    /// first: in those accents do not count.
    pub(crate) fn push_mixed_search(
        mut self,
        terms: &[String],
        plain_columns: &[(&'static str, &'static str)],
        columns: &[&'static str],
    ) -> Self {
        for term in terms {
            let mut separator = " AND (";
            let plain_term = plain(term);
            for (column, _) in plain_columns.iter().filter(|_| !plain_term.is_empty()) {
                let pattern = format!("%{plain_term}%");
                self = self.push(separator).push(column).push_bind(" LIKE ", pattern);
                separator = " OR ";
            }
            // Where such a term is in a text it is in its plain form, too.
            let is_plain = term.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let texts = plain_columns.iter().filter(|_| !is_plain).map(|(_, text)| *text);
            let pattern = like_pattern(&term.chars().map(small).collect::<String>());
            let capitals = capitals(term);
            for column in texts.chain(columns.iter().copied()) {
                self = self
                    .push(separator)
                    .push_lowered(column, &capitals)
                    .push_bind(" LIKE ", pattern.as_str())
                    .push(" ESCAPE '\\'");
                separator = " OR ";
            }
            self = self.push(")");
        }
        self
    }

    /// `REPLACE(LOWER(column), $n, $m)`: SQLite, and PostgreSQL where texts have the collation C, lower ASCII only.
    fn push_lowered(mut self, column: &'static str, capitals: &[char]) -> Self {
        for _ in capitals {
            self = self.push("REPLACE(");
        }
        self = self.push("LOWER(").push(column).push(")");
        for capital in capitals {
            self = self
                .push_bind(", ", capital.to_string())
                .push_bind(", ", small(*capital).to_string())
                .push(")");
        }
        self
    }

    /// ` AND (a LIKE $n OR b LIKE $n …)` for each term over columns that hold plain texts (see
    /// `domain/plain.rs`). A term of punctuation only does not count beside others; where there are no others, it is
    /// looked for as it is written, in the texts.
    pub(crate) fn push_plain_search(
        mut self,
        terms: &[String],
        plain_columns: &[&'static str],
        texts: &[&'static str],
    ) -> Self {
        let plain_terms: Vec<String> =
            terms.iter().map(|term| plain(term)).filter(|term| !term.is_empty()).collect();
        if plain_terms.is_empty() {
            return self.push_search(terms, texts);
        }
        for term in plain_terms {
            let pattern = format!("%{term}%");
            let mut separator = " AND (";
            for column in plain_columns {
                self = self.push(separator).push(column).push_bind(" LIKE ", pattern.as_str());
                separator = " OR ";
            }
            self = self.push(")");
        }
        self
    }

    /// ` AND (a LIKE $n OR …)`: any of the texts in any of the columns, taken literally. One of which nothing is left
    /// is in none.
    pub(crate) fn push_any_of(mut self, texts: &[String], columns: &[&'static str]) -> Self {
        if texts.is_empty() {
            return self;
        }
        let mut separator = " AND (";
        for text in texts.iter().filter(|text| !text.is_empty()) {
            for column in columns {
                self = self
                    .push(separator)
                    .push(column)
                    .push_bind(" LIKE ", like_pattern(text))
                    .push(" ESCAPE '\\'");
                separator = " OR ";
            }
        }
        if separator == " OR " { self.push(")") } else { self.push(" AND FALSE") }
    }

    fn text_mut(&mut self) -> &mut String {
        self.grown.get_or_insert_with(|| self.fixed.to_owned())
    }

    pub(super) fn into_parts(self, spelling: Spelling) -> (SqlStr, Vec<Arg>) {
        join(vec![self], spelling)
    }

    fn text(&self) -> &str {
        self.grown.as_deref().unwrap_or(self.fixed)
    }

    /// No placeholder is part of the fixed text.
    fn is_appended(&self) -> bool {
        self.bound == 0
    }

    /// Appends the text of a statement whose values come after so many others.
    fn write(&self, text: &mut String, spelling: Spelling, after: usize) {
        match spelling {
            Spelling::Plain => text.push_str(self.text()),
            Spelling::Numbered => push_numbered(text, self.text(), after, self.bound),
        }
    }
}

/// Several statements as one text, with their values. When one of them has numbers of its own, all have.
pub(super) fn join(mut statements: Vec<Sql>, spelling: Spelling) -> (SqlStr, Vec<Arg>) {
    let is_plain = spelling == Spelling::Plain && statements.iter().all(Sql::is_appended);
    match &mut statements[..] {
        [Sql { fixed, grown: None, args, .. }] => {
            return (fixed.into_sql_str(), std::mem::take(args));
        }
        [Sql { grown: Some(text), args, .. }] if is_plain => {
            return (AssertSqlSafe(std::mem::take(text)).into_sql_str(), std::mem::take(args));
        }
        _ => {}
    }
    let spelling = if is_plain { Spelling::Plain } else { Spelling::Numbered };
    let bytes = statements.iter().map(|one| one.text().len() + one.args.len() * 5 + 2).sum();
    let (mut text, mut args) = (String::with_capacity(bytes), Vec::new());
    for statement in statements {
        if !text.is_empty() {
            text.push_str("; ");
        }
        statement.write(&mut text, spelling, args.len());
        if args.is_empty() {
            args = statement.args;
        } else {
            args.extend(statement.args);
        }
    }
    (AssertSqlSafe(text).into_sql_str(), args)
}

fn push_number(text: &mut String, number: usize) {
    text.push('$');
    text.push_str(&number.to_string());
}

/// Appends a statement whose values come after so many others: its own numbers move up by as many, and what was
/// appended gets those that follow after the bound ones.
fn push_numbered(text: &mut String, mut rest: &str, after: usize, bound: usize) {
    let mut last = after + bound;
    while let Some(at) = rest.find(['$', '?']) {
        let (before, sign) = rest.split_at(at);
        text.push_str(before);
        rest = &sign[1..];
        if sign.starts_with('?') {
            last += 1;
            push_number(text, last);
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        match rest[..end].parse::<usize>() {
            Ok(number) => {
                push_number(text, number + after);
                rest = &rest[end..];
            }
            Err(_) => text.push('$'),
        }
    }
    text.push_str(rest);
}

/// The small form of a letter, where that is one letter, too.
fn small(letter: char) -> char {
    only(letter.to_lowercase()).unwrap_or(letter)
}

/// The capitals of a term's letters that are not of ASCII, each once.
fn capitals(term: &str) -> Vec<char> {
    let mut capitals = Vec::new();
    for capital in term.chars().filter(|letter| !letter.is_ascii()).filter_map(capital) {
        if !capitals.contains(&capital) && capitals.len() < CAPITALS_MAX {
            capitals.push(capital);
        }
    }
    capitals
}

/// `None` for what has no capital of its own, as `ß` and `日`.
fn capital(letter: char) -> Option<char> {
    if small(letter) != letter {
        return Some(letter);
    }
    let capital = only(letter.to_uppercase())?;
    (capital != letter && small(capital) == letter).then_some(capital)
}

fn only(mut letters: impl Iterator<Item = char>) -> Option<char> {
    let first = letters.next()?;
    letters.next().is_none().then_some(first)
}

/// Anything around the term; its own wildcards are taken literally.
fn like_pattern(term: &str) -> String {
    let escaped = term.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(sql: Sql, spelling: Spelling) -> String {
        sql.into_parts(spelling).0.as_str().to_owned()
    }

    #[test]
    fn placeholders_are_numbered_in_the_order_of_their_values() {
        let appended = sql("SELECT 1 WHERE TRUE")
            .push_bind(" AND a = ", 1)
            .push_in(" AND b IN", [2, 3])
            .push(" AND '$' = '$'");
        assert_eq!(
            text_of(appended.clone(), Spelling::Numbered),
            "SELECT 1 WHERE TRUE AND a = $1 AND b IN ($2, $3) AND '$' = '$'"
        );
        assert_eq!(
            text_of(appended, Spelling::Plain),
            "SELECT 1 WHERE TRUE AND a = ? AND b IN (?, ?) AND '$' = '$'"
        );
    }

    #[test]
    fn numbers_stay_where_the_text_has_some_of_its_own() {
        let mixed = sql("SELECT 1 WHERE a = $1 OR b = $1").bind(1).push_bind(" AND c = ", 2);
        for spelling in [Spelling::Numbered, Spelling::Plain] {
            assert_eq!(
                text_of(mixed.clone(), spelling),
                "SELECT 1 WHERE a = $1 OR b = $1 AND c = $2"
            );
        }
    }

    #[test]
    fn joined_statements_share_their_values() {
        let begin = sql("BEGIN");
        let appended = sql("UPDATE a SET b = ").push_bind("", 1).push_bind(" WHERE c = ", 2);
        let numbered = sql("SELECT d FROM a WHERE e = $2 OR f = $1 OR g = '$'").bind(3).bind(4);
        let (text, args) = join(vec![begin.clone(), appended.clone()], Spelling::Plain);
        assert_eq!(text.as_str(), "BEGIN; UPDATE a SET b = ? WHERE c = ?");
        assert_eq!(args.len(), 2);
        let (text, args) = join(vec![begin, appended, numbered], Spelling::Plain);
        assert_eq!(
            text.as_str(),
            "BEGIN; UPDATE a SET b = $1 WHERE c = $2; SELECT d FROM a WHERE e = $4 OR f = $3 OR g = '$'"
        );
        assert_eq!(args.len(), 4);
    }

    fn terms(list: &[&str]) -> Vec<String> {
        list.iter().map(|term| (*term).to_owned()).collect()
    }

    #[test]
    fn a_search_makes_the_capitals_of_its_own_letters_small() {
        let search = |term: &str| {
            let (text, args) =
                sql("").push_search(&terms(&[term]), &["a"]).into_parts(Spelling::Plain);
            let args = args.into_iter().map(|arg| match arg {
                Arg::Text(Some(text)) => text,
                other => panic!("{other:?}"),
            });
            (text.as_str().to_owned(), args.collect::<Vec<_>>())
        };
        let plainly = " AND (LOWER(a) LIKE ? ESCAPE '\\')";
        assert_eq!(search("Ana"), (plainly.to_owned(), terms(&["%ana%"])));
        assert_eq!(search("日ß"), (plainly.to_owned(), terms(&["%日ß%"])));
        let twice = " AND (REPLACE(REPLACE(LOWER(a), ?, ?), ?, ?) LIKE ? ESCAPE '\\')";
        for term in ["ação", "AÇÃO", "AçÃo"] {
            let args = terms(&["Ç", "ç", "Ã", "ã", "%ação%"]);
            assert_eq!(search(term), (twice.to_owned(), args), "{term}");
        }
        let alphabet: String = ('à'..='þ').collect();
        assert_eq!(search(&alphabet).0.matches("REPLACE").count(), CAPITALS_MAX);
    }

    #[test]
    fn punctuation_is_looked_for_as_it_is_written_when_it_stands_alone() {
        let search = |list: &[&str]| {
            text_of(sql("").push_plain_search(&terms(list), &["p"], &["t"]), Spelling::Plain)
        };
        assert_eq!(search(&[]), "");
        assert_eq!(search(&["a", "-"]), " AND (p LIKE ?)");
        assert_eq!(search(&["@", "-"]).matches("LOWER(t) LIKE ?").count(), 2);
    }

    #[test]
    fn a_text_of_which_nothing_is_left_is_found_nowhere() {
        let search =
            |list: &[&str]| text_of(sql("").push_any_of(&terms(list), &["a"]), Spelling::Plain);
        assert_eq!(search(&[]), "");
        assert_eq!(search(&[""]), " AND FALSE");
        assert_eq!(search(&["", "1"]), " AND (a LIKE ? ESCAPE '\\')");
    }

    #[test]
    fn columns_without_any_value_are_left_out() {
        let insert = |rows: &[(i64, Option<i64>, Option<&'static str>)]| {
            let values =
                |&(a, b, c): &_| [("a", Arg::from(a)), ("b", Arg::from(b)), ("c", Arg::from(c))];
            let rows = rows.iter().map(values).collect();
            text_of(sql("INSERT INTO t").push_values(rows), Spelling::Plain)
        };
        assert_eq!(insert(&[(1, None, None)]), "INSERT INTO t (a) VALUES (?)");
        assert_eq!(
            insert(&[(1, None, None), (2, None, Some("x"))]),
            "INSERT INTO t (a, c) VALUES (?, ?), (?, ?)"
        );
    }
}
