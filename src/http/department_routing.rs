//! The part of a department's body that says how its chats find an agent.

use dx_actors::domain::{AssignmentMode, DepartmentId, RoutingChanges, RoutingRules};

use super::{Fields, skills};
use crate::wire::words::Word;

/// An hour: whoever does not answer within it is not there.
const OFFER_SECONDS_MAX: i64 = 3600;
const OFFER_TIMEOUTS_MAX: i64 = 100;
/// A week.
const WAIT_SECONDS_MAX: i64 = 604_800;

/// What the body changes; a key that is not there leaves its value as it is.
pub(super) fn changes(fields: &mut Fields) -> RoutingChanges {
    RoutingChanges {
        mode: fields.optional_choice("modo_atribuicao", AssignmentMode::parse),
        offer_seconds: fields.changed_int("oferta_segundos", 1..=OFFER_SECONDS_MAX),
        offer_timeouts_max: fields.changed_int("ofertas_sem_resposta_max", 1..=OFFER_TIMEOUTS_MAX),
        skill_waits: skills::waits(fields, "relaxar_competencias_segundos"),
        overflow_department_id: fields
            .is_present("transbordo_departamento")
            .then(|| fields.optional_id("transbordo_departamento").map(DepartmentId)),
        overflow_wait_seconds: fields
            .changed_int("transbordo_espera_segundos", 1..=WAIT_SECONDS_MAX),
        transfer_return_seconds: fields
            .changed_int("transferencia_retorno_segundos", 0..=WAIT_SECONDS_MAX),
    }
}

/// The rules of a new department.
pub(super) fn rules(fields: &mut Fields) -> RoutingRules {
    let defaults = RoutingRules::default();
    let RoutingChanges {
        mode,
        offer_seconds,
        offer_timeouts_max,
        skill_waits,
        overflow_department_id,
        overflow_wait_seconds,
        transfer_return_seconds,
    } = changes(fields);
    RoutingRules {
        mode: mode.unwrap_or(defaults.mode),
        offer_seconds: offer_seconds.unwrap_or(defaults.offer_seconds),
        offer_timeouts_max: offer_timeouts_max.unwrap_or(defaults.offer_timeouts_max),
        skill_waits: skill_waits.unwrap_or(defaults.skill_waits),
        overflow_department_id: overflow_department_id.flatten(),
        overflow_wait_seconds: overflow_wait_seconds.unwrap_or(defaults.overflow_wait_seconds),
        transfer_return_seconds: transfer_return_seconds
            .unwrap_or(defaults.transfer_return_seconds),
    }
}
