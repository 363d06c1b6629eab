//! What a process of this machine uses: processor and memory, read from `/proc`. Other systems have no
//! such place, and a hub of another machine cannot be looked at.

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    time::{Duration, Instant},
};

/// State of a listening socket in `/proc/net/tcp`.
const LISTENING: &str = "0A";

/// A look at a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usage {
    /// Processor time since it began.
    pub(super) cpu: Duration,
    pub(super) resident_bytes: u64,
}

/// What a process has used over a stretch of time.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    pid: u32,
    begin: Sample,
    latest: Sample,
    resident_peak_bytes: u64,
    has_ended: bool,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    at: Instant,
    usage: Usage,
}

/// What a [`Watch`] has seen.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub(super) struct Used {
    pub(super) pid: u32,
    pub(super) cpu_cores: f64,
    pub(super) cpu_seconds: f64,
    pub(super) resident_begin_bytes: u64,
    pub(super) resident_peak_bytes: u64,
    pub(super) resident_end_bytes: u64,
    /// It ended while it was watched.
    pub(super) has_ended: bool,
}

impl Watch {
    pub(super) fn begin(pid: u32) -> io::Result<Self> {
        let begin = Sample { at: Instant::now(), usage: usage(pid)? };
        let resident_peak_bytes = begin.usage.resident_bytes;
        Ok(Self { pid, begin, latest: begin, resident_peak_bytes, has_ended: false })
    }

    /// Looks again.
    pub(super) fn look(&mut self) {
        match usage(self.pid) {
            Ok(usage) if !self.has_ended => {
                self.latest = Sample { at: Instant::now(), usage };
                self.resident_peak_bytes = self.resident_peak_bytes.max(usage.resident_bytes);
            }
            _ => self.has_ended = true,
        }
    }

    pub(super) fn used(&self) -> Used {
        let cpu = self.latest.usage.cpu.saturating_sub(self.begin.usage.cpu).as_secs_f64();
        let time = self.latest.at.duration_since(self.begin.at).as_secs_f64();
        Used {
            pid: self.pid,
            cpu_cores: if time > 0.0 { cpu / time } else { 0.0 },
            cpu_seconds: cpu,
            resident_begin_bytes: self.begin.usage.resident_bytes,
            resident_peak_bytes: self.resident_peak_bytes,
            resident_end_bytes: self.latest.usage.resident_bytes,
            has_ended: self.has_ended,
        }
    }
}

fn usage(pid: u32) -> io::Result<Usage> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let ticks = cpu_ticks(&stat).ok_or(io::ErrorKind::InvalidData)?;
    // A process that has ended and was not waited for has no memory.
    let resident_bytes = resident_bytes(&status).ok_or(io::ErrorKind::NotFound)?;
    let seconds = Duration::from_secs(ticks) / u32::try_from(ticks_per_second()).unwrap_or(100);
    Ok(Usage { cpu: seconds, resident_bytes })
}

#[cfg(target_os = "linux")]
fn ticks_per_second() -> u64 {
    rustix::param::clock_ticks_per_second()
}

#[cfg(not(target_os = "linux"))]
fn ticks_per_second() -> u64 {
    100
}

/// Fields 14 and 15 of `/proc/<pid>/stat` (proc(5)); the name before them may hold anything.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// How many sockets a process has open, if that can be seen.
pub(super) fn sockets(pid: u32) -> Option<u64> {
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).ok()?.filter_map(Result::ok);
    let links = descriptors.filter_map(|descriptor| fs::read_link(descriptor.path()).ok());
    Some(links.filter(|link| link.to_string_lossy().starts_with("socket:")).count() as u64)
}

/// The process that listens at this address of this machine, if it can be seen.
pub(super) fn listener(address: SocketAddr) -> Option<u32> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .find_map(|table| listening_inode(&table, address))?;
    let link = format!("socket:[{inode}]");
    let pids = fs::read_dir("/proc").ok()?.filter_map(|entry| {
        let entry = entry.ok()?;
        Some((entry.file_name().to_str()?.parse().ok()?, entry.path()))
    });
    pids.into_iter().find_map(|(pid, path)| holds(&path, &link).then_some(pid))
}

fn holds(process: &Path, link: &str) -> bool {
    let Ok(descriptors) = fs::read_dir(process.join("fd")) else { return false };
    descriptors.filter_map(Result::ok).any(|descriptor| {
        fs::read_link(descriptor.path()).is_ok_and(|found| found.as_os_str() == link)
    })
}

/// The inode of the socket that takes connections to this address.
fn listening_inode(table: &str, address: SocketAddr) -> Option<u64> {
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<_> = line.split_ascii_whitespace().collect();
        let (local, state) = (fields.get(1)?, fields.get(3)?);
        let (ip, port) = local.split_once(':')?;
        let ip = parse_ip(ip)?.to_canonical();
        let is_here = ip == address.ip().to_canonical() || ip.is_unspecified();
        let is_it =
            *state == LISTENING && is_here && u16::from_str_radix(port, 16).ok()? == address.port();
        if is_it { fields.get(9)?.parse().ok() } else { None }
    })
}

/// Words of 32 bits in the machine's byte order, as the kernel prints them.
fn parse_ip(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        let word = u32::from_str_radix(hex.get(at..at + 8)?, 16).ok()?;
        Some(word.to_ne_bytes())
    };
    match hex.len() {
        8 => Some(IpAddr::V4(Ipv4Addr::from(word(0)?))),
        32 => {
            let mut bytes = [0; 16];
            for (index, part) in bytes.chunks_exact_mut(4).enumerate() {
                part.copy_from_slice(&word(index * 8)?);
            }
            Some(IpAddr::V6(Ipv6Addr::from(bytes)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_prints_is_read() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 3 4 20 0 9 0 1 2 3";
        assert_eq!(cpu_ticks(stat), Some(300));
        assert_eq!(cpu_ticks("7 (x) S 1"), None);
        assert_eq!(resident_bytes("Name:\tx\nVmRSS:\t    2048 kB\n"), Some(2 * 1024 * 1024));
        assert_eq!(resident_bytes("Name:\tx\nState:\tZ (zombie)\n"), None);
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn only_the_socket_that_listens_there_is_found() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:1F41 0100007F:9C40 01 00000000:00000000 00:00000000 00000000 0 0 11 1\n\
            1: 0200007F:1F41 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 12 1\n\
            2: 0100007F:1F41 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 13 1\n\
            3: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 14 1\n";
        let inode = |address: &str| listening_inode(table, address.parse().unwrap());
        assert_eq!(inode("127.0.0.1:8001"), Some(13));
        assert_eq!(inode("127.0.0.9:80"), Some(14));
        assert_eq!(inode("127.0.0.1:9"), None);
        let v6 = "head\n0: 00000000000000000000000001000000:1F41 0:0 0A 0:0 0:0 0 0 0 21 1\n";
        assert_eq!(listening_inode(v6, "[::1]:8001".parse().unwrap()), Some(21));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_found_and_seen_at_work() {
        let listener_socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let pid = std::process::id();
        assert_eq!(listener(listener_socket.local_addr().unwrap()), Some(pid));
        let mut watch = Watch::begin(pid).unwrap();
        let until = Instant::now() + Duration::from_secs(10);
        while watch.used().cpu_seconds == 0.0 {
            assert!(Instant::now() < until, "a busy process uses its processor");
            watch.look();
        }
        let used = watch.used();
        assert!(used.cpu_cores > 0.0, "{used:?}");
        assert!(used.resident_peak_bytes >= used.resident_begin_bytes && !used.has_ended);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_that_ended_is_told_and_its_last_figures_stay() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let mut watch = Watch::begin(child.id()).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        watch.look();
        let used = watch.used();
        assert!(used.has_ended && used.resident_end_bytes > 0, "{used:?}");
    }
}
