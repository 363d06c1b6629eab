//! Tools for tests: throw-away databases, a clock that is moved by hand, a network that says little, and a
//! whole hub.

mod clock;
mod database;
mod hub;
mod network;

pub use clock::ManualClock;
pub use database::{TestDatabase, on_postgres, on_sqlite};
pub use hub::{TestHub, eventually, new_agent, silence};
pub use network::MuteNetwork;

/// Runs each named `async fn(TestDatabase)` on SQLite and on PostgreSQL. The latter needs
/// `TEST_POSTGRES_URL`; without it the test says that it was skipped, unless `DX_REQUIRE_POSTGRES=1`.
#[macro_export]
macro_rules! both_databases {
    ($($test:ident),* $(,)?) => {$(
        mod $test {
            #[tokio::test]
            async fn sqlite() {
                $crate::testing::on_sqlite(super::$test).await;
            }

            #[tokio::test]
            async fn postgres() {
                $crate::testing::on_postgres(super::$test).await;
            }
        }
    )*};
}
