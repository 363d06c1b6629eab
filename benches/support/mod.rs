//! What several benches need. Each figure is printed with its yardstick, measured in the same run on the
//! same machine: absolute figures drift, ratios less.

pub(crate) mod figures;
pub(crate) mod in_process;
pub(crate) mod server;
pub(crate) mod sockets;
pub(crate) mod yardstick;
