//! Prometheus' text format, version 0.0.4, read as strictly as it is written down: a line that a lenient
//! reader would pass over fails the test.

use std::collections::{BTreeMap, BTreeSet};

type Labels = BTreeMap<String, String>;

/// One scrape.
#[derive(Debug)]
pub(crate) struct Exposition {
    samples: BTreeMap<(String, Labels), f64>,
    kinds: BTreeMap<String, String>,
}

impl Exposition {
    #[track_caller]
    pub(crate) fn parse(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line ends like the others");
        let mut page = Self { samples: BTreeMap::new(), kinds: BTreeMap::new() };
        let mut helps = BTreeSet::new();
        let mut current = None;
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').unwrap_or_else(|| panic!("{line}"));
                assert!(is_name(name) && !help.is_empty(), "{line}");
                assert!(helps.insert(name.to_owned()), "a family in two parts: {line}");
                current = Some(name.to_owned());
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap_or_else(|| panic!("{line}"));
                assert_eq!(current.as_deref(), Some(name), "HELP comes right before: {line}");
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert!(page.kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "{line}");
            } else {
                let family = current.as_deref().unwrap_or_else(|| panic!("of nothing: {line}"));
                page.sample(family, line);
            }
        }
        page.check_histograms();
        page
    }

    #[track_caller]
    fn sample(&mut self, family: &str, line: &str) {
        let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
        let (name, labels) = match series.split_once('{') {
            Some((name, rest)) => {
                let inner = rest.strip_suffix('}').unwrap_or_else(|| panic!("{line}"));
                (name, labels(inner))
            }
            None => (series, Labels::new()),
        };
        let kind = &self.kinds[family];
        let ends: &[&str] =
            if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
        let end = name.strip_prefix(family).filter(|end| ends.contains(end));
        let end = end.unwrap_or_else(|| panic!("{name} in the {kind} {family}"));
        assert_eq!(labels.contains_key("le"), end == "_bucket", "{line}");
        let value = number(value);
        assert!(!value.is_nan(), "{line}");
        if kind == "counter" {
            assert!(name.ends_with("_total") && value.is_finite() && value >= 0.0, "{line}");
        }
        let before = self.samples.insert((name.to_owned(), labels), value);
        assert!(before.is_none(), "twice: {line}");
    }

    /// Buckets only rise, the last one holds everything.
    #[track_caller]
    fn check_histograms(&self) {
        let mut buckets: BTreeMap<(&str, Labels), Vec<(f64, f64)>> = BTreeMap::new();
        for ((name, labels), count) in &self.samples {
            let Some(limit) = labels.get("le") else { continue };
            let mut others = labels.clone();
            others.remove("le");
            let family = name.strip_suffix("_bucket").expect("only buckets have limits");
            buckets.entry((family, others)).or_default().push((number(limit), *count));
        }
        for ((family, labels), mut rising) in buckets {
            rising.sort_by(|one, other| one.0.total_cmp(&other.0));
            assert!(rising.is_sorted_by(|one, other| one.1 <= other.1), "{family} {labels:?}");
            let (limit, all) = *rising.last().expect("there is one");
            let of = |end: &str| self.samples[&(format!("{family}{end}"), labels.clone())];
            assert!(limit == f64::INFINITY && same(all, of("_count")), "{family} {labels:?}");
            assert!(of("_sum") >= 0.0, "{family} {labels:?}");
        }
    }

    /// The sum of all series of this name that have these labels, among others.
    #[track_caller]
    pub(crate) fn sum(&self, name: &str, wanted: &[(&str, &str)]) -> f64 {
        let is_meant = |labels: &Labels| {
            wanted.iter().all(|(key, value)| labels.get(*key).is_some_and(|found| found == value))
        };
        let found =
            self.samples.iter().filter(|((known, labels), _)| known == name && is_meant(labels));
        let values: Vec<f64> = found.map(|(_, value)| *value).collect();
        assert!(!values.is_empty(), "no {name} {wanted:?} in {:#?}", self.samples);
        values.iter().sum()
    }

    /// The same as a whole number; 0 where there is no such series yet.
    #[track_caller]
    pub(crate) fn count(&self, name: &str, wanted: &[(&str, &str)]) -> u64 {
        let is_there = self.samples.keys().any(|(known, labels)| {
            let has = |(key, value): &(&str, &str)| labels.get(*key).is_some_and(|v| v == value);
            known == name && wanted.iter().all(has)
        });
        let value = if is_there { self.sum(name, wanted) } else { 0.0 };
        format!("{value}").parse().unwrap_or_else(|_| panic!("{name} {wanted:?} is {value}"))
    }

    /// Names of series.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        self.samples.keys().map(|(name, _)| name.as_str()).collect()
    }

    /// Names of families.
    pub(crate) fn families(&self) -> BTreeSet<&str> {
        self.kinds.keys().map(String::as_str).collect()
    }

    /// How many series there are.
    pub(crate) fn len(&self) -> usize {
        self.samples.len()
    }
}

#[track_caller]
fn labels(text: &str) -> Labels {
    let mut labels = Labels::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("{text}"));
        assert!(is_name(name) && !name.contains(':'), "{text}");
        let mut value = String::new();
        let mut characters = after.char_indices();
        let end = loop {
            match characters.next().unwrap_or_else(|| panic!("{text}")) {
                (at, '"') => break at,
                (_, '\\') => value.push(match characters.next() {
                    Some((_, 'n')) => '\n',
                    Some((_, escaped @ ('\\' | '"'))) => escaped,
                    other => panic!("{other:?} in {text}"),
                }),
                (_, plain) => value.push(plain),
            }
        };
        assert!(labels.insert(name.to_owned(), value).is_none(), "twice: {text}");
        rest = &after[end + 1..];
        if let Some(more) = rest.strip_prefix(',') {
            assert!(!more.is_empty(), "{text}");
            rest = more;
        } else {
            assert!(rest.is_empty(), "{text}");
        }
    }
    labels
}

fn is_name(text: &str) -> bool {
    let is_good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    text.starts_with(|c: char| is_good(c) && !c.is_ascii_digit()) && text.chars().all(is_good)
}

#[track_caller]
fn number(text: &str) -> f64 {
    match text {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        _ => {
            let is_plain = text.chars().all(|c| c.is_ascii_digit() || "+-.e".contains(c));
            assert!(is_plain, "{text} is no number");
            text.parse().unwrap_or_else(|_| panic!("{text} is no number"))
        }
    }
}

fn same(one: f64, other: f64) -> bool {
    (one - other).abs() < f64::EPSILON
}
