//! Groups of companies.

use super::{
    Order, Page, Slice, Store, StoreError, audit, customers, dialect,
    page::push_order,
    sql::{Sql, sql},
    unit,
};
use crate::domain::{
    AgentId, CompanyGroup, CompanyGroupChange, CompanyGroupDetails, CompanyGroupId, Timestamp,
    audit::{AuditAction, AuditSubject, FieldChange, NewAuditEntry},
    plain,
};

/// Which groups are wanted.
#[derive(Debug, Clone, Default)]
pub struct CompanyGroupFilter {
    pub is_active: Option<bool>,
    pub terms: Vec<String>,
}

impl CompanyGroupFilter {
    fn push(&self, sql: Sql) -> Sql {
        sql.push_bind_if(" AND g.is_active = ", self.is_active).push_plain_search(
            &self.terms,
            &["g.search_text"],
            &["g.name", "g.description"],
        )
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompanyGroupSort {
    Name,
    CreatedAt,
}

/// With the number of companies that are not deleted.
const ROWS: &str = "SELECT g.*, (SELECT COUNT(*) FROM customers c \
    WHERE c.company_group_id = g.id AND c.deleted_at IS NULL) AS companies_total \
    FROM company_groups g WHERE TRUE";

impl Store {
    pub async fn find_company_group(
        &self,
        id: CompanyGroupId,
    ) -> Result<Option<CompanyGroup>, StoreError> {
        self.reader.opt(one(id)).await
    }

    /// A page of groups in two statements, by name when nothing else is asked for.
    pub async fn list_company_groups(
        &self,
        filter: &CompanyGroupFilter,
        orders: &[Order<CompanyGroupSort>],
        page: Page,
    ) -> Result<Slice<CompanyGroup>, StoreError> {
        let count = filter.push(sql("SELECT COUNT(*) FROM company_groups g WHERE TRUE"));
        let (total,): (i64,) = self.reader.one(count).await?;
        let by_name = [Order { by: CompanyGroupSort::Name, is_descending: false }];
        let orders = if orders.is_empty() { &by_name } else { orders };
        let column = |by| match by {
            CompanyGroupSort::Name => "g.name_plain",
            CompanyGroupSort::CreatedAt => "g.created_at",
        };
        let select = push_order(filter.push(sql(ROWS)), orders, column, "g.id")
            .push_bind(" LIMIT ", page.limit)
            .push_bind(" OFFSET ", page.offset);
        Ok(Slice { total, rows: self.reader.all(select).await? })
    }

    pub async fn insert_company_group(
        &self,
        details: CompanyGroupDetails,
        by: AgentId,
        now: Timestamp,
    ) -> Result<CompanyGroup, StoreError> {
        self.unit(unit!(tx => {
            let insert = sql("INSERT INTO company_groups (name, description, is_active, \
                 name_plain, search_text, created_by, created_at, updated_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $7) RETURNING id");
            let insert = bind_details(insert, &details).bind(by).bind(now);
            let (id,): (CompanyGroupId,) = tx.one(insert).await?;
            let changes = details.differences_from(&CompanyGroupDetails::default());
            let group: CompanyGroup = tx.one(one(id)).await?;
            audit::insert(tx, entry(&group, AuditAction::Created, by, changes), now).await?;
            Ok(group)
        }))
        .await
    }

    /// Changes a group; `None` when there is none of this id.
    pub async fn update_company_group(
        &self,
        id: CompanyGroupId,
        changes: Vec<CompanyGroupChange>,
        by: AgentId,
        now: Timestamp,
    ) -> Result<Option<CompanyGroup>, StoreError> {
        self.unit(unit!(tx => {
            dialect::lock_text(tx, &group_lock(id)).await?;
            let before: Option<CompanyGroup> = tx.opt(one(id)).await?;
            let Some(before) = before else { return Ok(None) };
            let mut details = before.details.clone();
            details.apply(changes);
            let differences = details.differences_from(&before.details);
            if differences.is_empty() {
                return Ok(Some(before));
            }
            let update = sql("UPDATE company_groups SET name = $1, description = $2, \
                 is_active = $3, name_plain = $4, search_text = $5, updated_at = $6 \
                 WHERE id = $7");
            tx.run(bind_details(update, &details).bind(now).bind(id)).await?;
            let group: CompanyGroup = tx.one(one(id)).await?;
            audit::insert(tx, entry(&group, AuditAction::Updated, by, differences), now).await?;
            Ok(Some(group))
        }))
        .await
    }

    /// Deletes a group; its companies stay without one, which is noted at each of them. `false` when
    /// there is none of this id.
    pub async fn delete_company_group(
        &self,
        id: CompanyGroupId,
        by: AgentId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.unit(unit!(tx => {
            dialect::lock_text(tx, &group_lock(id)).await?;
            let group: Option<CompanyGroup> = tx.opt(one(id)).await?;
            let Some(group) = group else { return Ok(false) };
            // No company may join meanwhile: it would leave without a word.
            dialect::lock_row(tx, "company_groups", id).await?;
            customers::leave_group(tx, id, by, now).await?;
            let delete = sql("DELETE FROM company_groups WHERE id = $1").bind(id);
            if tx.run(delete).await? == 0 {
                return Ok(false);
            }
            audit::insert(tx, entry(&group, AuditAction::Deleted, by, Vec::new()), now).await?;
            Ok(true)
        }))
        .await
    }
}

/// What changes one group does so one after the other.
fn group_lock(id: CompanyGroupId) -> String {
    format!("company group {id}")
}

fn one(id: CompanyGroupId) -> Sql {
    sql(ROWS).push_bind(" AND g.id = ", id)
}

/// The first five placeholders of the statements above.
fn bind_details(sql: Sql, details: &CompanyGroupDetails) -> Sql {
    let description = details.description.as_deref();
    sql.bind(details.name.as_str())
        .bind(description)
        .bind(details.is_active)
        .bind(plain::plain(&details.name))
        .bind(plain::search_text([details.name.as_str(), description.unwrap_or_default()]))
}

fn entry(
    group: &CompanyGroup,
    action: AuditAction,
    by: AgentId,
    changes: Vec<FieldChange>,
) -> NewAuditEntry {
    NewAuditEntry {
        agent_id: Some(by),
        action,
        subject: AuditSubject::CompanyGroup,
        subject_id: Some(group.id.0),
        subject_name: group.details.name.clone(),
        note: String::new(),
        changes,
    }
}
