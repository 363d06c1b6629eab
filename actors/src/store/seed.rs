//! What an empty database gets at the first start.

use super::{Store, StoreError, sql::sql, unit};
use crate::domain::{Agent, Department, ProviderKind, Timestamp};

/// The first administrator and the kind of the default number.
#[derive(Debug, Clone)]
pub struct Seed {
    pub admin_password_hash: String,
    pub provider: ProviderKind,
}

/// Colour of the first department (contract §12).
const SUPPORT_COLOR: &str = "#3B82F6";

impl Store {
    pub async fn is_empty(&self) -> Result<bool, StoreError> {
        let (count,): (i64,) = self.reader.one(sql("SELECT COUNT(*) FROM agents")).await?;
        Ok(count == 0)
    }

    /// Fills an empty database: `admin`, the department `Suporte` with him as member, one number that
    /// is not connected. Does nothing (and says `false`) when there is somebody already.
    pub async fn seed(&self, seed: Seed, now: Timestamp) -> Result<bool, StoreError> {
        self.unit(unit!(tx => {
            let (count,): (i64,) = tx.one(sql("SELECT COUNT(*) FROM agents")).await?;
            if count > 0 {
                return Ok(false);
            }
            let admin = sql("INSERT INTO agents (username, email, display_name, phone_number, role, \
                 is_active, password_hash, tokens_valid_from, created_at, updated_at) \
                 VALUES ('admin', '', 'Administrador', '', 'admin', TRUE, $1, $2, $2, $2) RETURNING *");
            let admin: Agent = tx.one(admin.bind(seed.admin_password_hash).bind(now)).await?;
            let support = sql("INSERT INTO departments (name, description, color, capacity, \
                 response_target_minutes, is_active, created_at, updated_at) \
                 VALUES ('Suporte', 'Atendimento geral', $1, 5, 15, TRUE, $2, $2) RETURNING *");
            let support: Department = tx.one(support.bind(SUPPORT_COLOR).bind(now)).await?;
            let member = sql("INSERT INTO department_members (department_id, agent_id) VALUES ($1, $2)");
            tx.run(member.bind(support.id).bind(admin.id)).await?;
            let session = sql("INSERT INTO sessions (provider, created_by, device_name, phone_number, \
                 status, is_default, is_active, auto_reconnect, proxy_enabled, proxy_url, created_at, \
                 updated_at) VALUES ($1, $2, 'DX Connect Web', '', 'disconnected', TRUE, TRUE, TRUE, \
                 FALSE, '', $3, $3)");
            tx.run(session.bind(seed.provider).bind(admin.id).bind(now)).await?;
            Ok(true)
        }))
        .await
    }
}
