//! The templates of documents that were added or replace a built-in one.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::{
    DocumentTemplate, Templates,
    audit::{Differences, FieldChange},
    document_template::{built_in, merged},
};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DocumentSettings {
    /// Only what differs from the built-in templates, so that those stay up to date.
    templates: Templates,
}

impl DocumentSettings {
    /// All templates that can be used, the built-in ones included.
    pub fn all(&self) -> Templates {
        merged(self.templates.clone())
    }

    /// Adds or replaces a template; one that is just like its built-in one is not kept.
    pub fn put(&mut self, key: String, template: DocumentTemplate) {
        if built_in().get(&key) == Some(&template) {
            self.templates.remove(&key);
        } else {
            self.templates.insert(key, template);
        }
    }

    /// Removes a template; where there is a built-in one of this key, that one is used again.
    pub fn remove(&mut self, key: &str) {
        self.templates.remove(key);
    }

    pub(super) fn changes_since(&self, old: &Self) -> Vec<FieldChange> {
        if self == old {
            return Vec::new();
        }
        let keys: BTreeSet<&String> = self.templates.keys().chain(old.templates.keys()).collect();
        let mut differences = Differences::default();
        for key in keys {
            let (old, new) = (old.templates.get(key), self.templates.get(key));
            let of = |template: Option<&DocumentTemplate>| {
                template.map(|template| {
                    let DocumentTemplate { name, kind, content, variables } = template.clone();
                    (name, format!("{kind:?}").to_lowercase(), content, variables.join(", "))
                })
            };
            let (old, new) = (of(old), of(new));
            let (old, new) = (old.as_ref(), new.as_ref());
            differences = differences
                .field(format!("{key}.name"), old.map(|t| &t.0), new.map(|t| &t.0))
                .field(format!("{key}.kind"), old.map(|t| &t.1), new.map(|t| &t.1))
                .field(format!("{key}.content"), old.map(|t| &t.2), new.map(|t| &t.2))
                .field(format!("{key}.variables"), old.map(|t| &t.3), new.map(|t| &t.3));
        }
        differences.into_changes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::document_template::DEFAULT_CONTRACT;

    #[test]
    fn a_built_in_template_can_be_replaced_and_comes_back() {
        let fresh = DocumentSettings::default();
        let mut settings = fresh.clone();
        let mut own = built_in()[DEFAULT_CONTRACT].clone();
        settings.put(DEFAULT_CONTRACT.to_owned(), own.clone());
        assert_eq!(settings, fresh, "nothing differs");
        own.name = "Contrato da casa".to_owned();
        settings.put(DEFAULT_CONTRACT.to_owned(), own.clone());
        settings.put("extra".to_owned(), own.clone());
        assert_eq!(settings.all()[DEFAULT_CONTRACT].name, "Contrato da casa");
        assert_eq!(settings.all().len(), 3);
        let changes = settings.changes_since(&fresh);
        let fields: Vec<_> = changes.iter().map(|c| c.field.as_str()).collect();
        assert_eq!(&fields[..2], ["contrato_padrao.name", "contrato_padrao.kind"]);
        assert_eq!(fields.len(), 8);
        settings.remove(DEFAULT_CONTRACT);
        settings.remove("extra");
        assert_eq!(settings.all(), built_in());
    }
}
