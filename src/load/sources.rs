//! How many sockets this process may open, and from which addresses: a process has its descriptors, an
//! address its ports.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::options::Target;

/// Linux hands out ports 32768 to 60999 by default; some are taken by others.
const CONNECTIONS_PER_ADDRESS_MAX: u64 = 25_000;
/// Beside sockets: the runtime, the terminal, files that are read meanwhile.
const OTHER_DESCRIPTORS: u64 = 64;

/// Whence one connection goes whither.
#[derive(Debug, Clone)]
pub(super) struct Source {
    target: Arc<Target>,
    local: Option<IpAddr>,
}

impl Source {
    /// For the n-th of all connections. Beyond what one address of this machine can have, the next one
    /// of the loopback network is used; elsewhere the system chooses.
    pub(super) fn nth(target: &Arc<Target>, n: u64) -> Self {
        let is_v4_loopback = matches!(target.address.ip(), IpAddr::V4(v4) if v4.is_loopback());
        let local = u8::try_from(n / CONNECTIONS_PER_ADDRESS_MAX).ok().filter(|block| *block > 0);
        let local = local.filter(|_| is_v4_loopback);
        let local = local.map(|block| Ipv4Addr::new(127, 0, 0, block.saturating_add(1)).into());
        Self { target: Arc::clone(target), local }
    }

    pub(super) fn target(&self) -> SocketAddr {
        self.target.address
    }

    pub(super) fn host(&self) -> &str {
        &self.target.host
    }

    pub(super) fn local(&self) -> Option<IpAddr> {
        self.local
    }
}

/// Lets this process open as many descriptors as it may without anybody's help; how many sockets that
/// leaves. `None` = no limit.
pub(super) fn raise_limit() -> io::Result<Option<u64>> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    Ok(maximum.map(|maximum| maximum.saturating_sub(OTHER_DESCRIPTORS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(address: &str) -> Arc<Target> {
        Arc::new(Target { address: address.parse().unwrap(), host: "x".to_owned() })
    }

    #[test]
    fn an_address_is_used_until_its_ports_run_out() {
        let target_v4 = target("127.0.0.1:8001");
        let local = |n| Source::nth(&target_v4, n).local().map(|ip| ip.to_string());
        assert_eq!((local(0), local(24_999)), (None, None));
        assert_eq!(local(25_000).as_deref(), Some("127.0.0.2"));
        assert_eq!(local(59_999).as_deref(), Some("127.0.0.3"));
        for far in ["192.0.2.1:80", "[::1]:80"] {
            assert_eq!(Source::nth(&target(far), 59_999).local(), None);
        }
    }

    #[test]
    fn the_limit_is_what_the_system_allows() {
        let sockets = raise_limit().unwrap();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
        assert_eq!(sockets, limit.maximum.map(|all| all.saturating_sub(OTHER_DESCRIPTORS)));
    }
}
