//! The process as the kernel sees it, under the names that all clients of Prometheus use. Linux only;
//! elsewhere there is nothing.

use std::fmt;

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};

#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        #[cfg(target_os = "linux")]
        match linux::Figures::read() {
            Ok(figures) => return figures.encode(encoder),
            Err(error) => tracing::debug!(%error, "the kernel says nothing of the process"),
        }
        let _ = encoder;
        Ok(())
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fmt;

    use procfs::{
        ProcResult, WithCurrentSystemInfo, boot_time_secs,
        process::{LimitValue, Process},
        ticks_per_second,
    };
    use prometheus_client::{
        encoding::{DescriptorEncoder, EncodeMetric},
        metrics::{MetricType, counter::ConstCounter},
        registry::Unit,
    };

    pub(super) struct Figures {
        cpu_seconds: f64,
        started_at_seconds: f64,
        resident_bytes: u64,
        virtual_bytes: u64,
        threads: i64,
        files: usize,
        /// `None`: any number.
        files_max: Option<u64>,
    }

    impl Figures {
        #[expect(clippy::cast_precision_loss, reason = "ticks of centuries are exact")]
        pub(super) fn read() -> ProcResult<Self> {
            let process = Process::myself()?;
            let stat = process.stat()?;
            let seconds = |ticks: u64| ticks as f64 / ticks_per_second() as f64;
            let files_max = match process.limits()?.max_open_files.soft_limit {
                LimitValue::Unlimited => None,
                LimitValue::Value(count) => Some(count),
            };
            Ok(Self {
                cpu_seconds: seconds(stat.utime + stat.stime),
                started_at_seconds: boot_time_secs()? as f64 + seconds(stat.starttime),
                resident_bytes: stat.rss_bytes().get(),
                virtual_bytes: stat.vsize,
                threads: stat.num_threads,
                files: process.fd_count()?,
                files_max,
            })
        }

        #[expect(clippy::cast_precision_loss, reason = "exact up to 8 PiB")]
        pub(super) fn encode(self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
            let cpu = encoder.encode_descriptor(
                "process_cpu",
                "User and system CPU time",
                Some(&Unit::Seconds),
                MetricType::Counter,
            )?;
            ConstCounter::new(self.cpu_seconds).encode(cpu)?;
            let (bytes, seconds) = (Some(Unit::Bytes), Some(Unit::Seconds));
            let gauges = [
                (
                    "process_resident_memory",
                    "Memory that is in RAM",
                    &bytes,
                    self.resident_bytes as f64,
                ),
                (
                    "process_virtual_memory",
                    "Memory that is addressed",
                    &bytes,
                    self.virtual_bytes as f64,
                ),
                (
                    "process_start_time",
                    "Start of the process since 1970",
                    &seconds,
                    self.started_at_seconds,
                ),
                ("process_threads", "Threads", &None, self.threads as f64),
                ("process_open_fds", "Open file descriptors", &None, self.files as f64),
                (
                    "process_max_fds",
                    "File descriptors that may be open",
                    &None,
                    self.files_max.map_or(f64::INFINITY, |count| count as f64),
                ),
            ];
            for (name, help, unit, value) in gauges {
                encoder
                    .encode_descriptor(name, help, unit.as_ref(), MetricType::Gauge)?
                    .encode_gauge(&value)?;
            }
            Ok(())
        }
    }
}
