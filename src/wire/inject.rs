//! Placeholder until the merge.
use dx_actors::domain::Inbound;
pub fn inbound(_incoming: crate::ws::InjectIn) -> Result<Inbound, String> {
    Err("x".to_owned())
}
