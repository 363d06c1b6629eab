//! `serve --demo`: a company to try the hub with, and customers who keep it alive.
//!
//! Only ever fills an empty database, so that nobody's real data gets mixed with it.

mod customers;
mod people;

use std::sync::Arc;

use dx_actors::{Clock, store::Store};
use tokio::net::TcpListener;

use crate::{
    admin::{self, FirstStart},
    auth::Passwords,
    config::{Config, Secret},
    run_error::RunError,
    state::AppState,
    terminal,
};

/// Everybody's password in the demonstration, unless `ADMIN_PASSWORD` says otherwise for `admin`.
pub const PASSWORD: &str = "demo1234";

/// Opens the database of a demonstration: an empty one, or one that was filled by it before.
pub async fn open(
    config: &Config,
    passwords: &Passwords,
    clock: &Arc<dyn Clock>,
) -> Result<(Store, Option<FirstStart>), RunError> {
    let mut config = config.clone();
    config.admin_password.get_or_insert_with(|| Secret::new(PASSWORD));
    let (store, first_start) = admin::open(&config, passwords, clock).await?;
    if first_start.is_some() {
        people::seed(&store, passwords, clock.now()).await?;
    } else if store.find_login(people::MARK).await?.is_none() {
        store.close().await;
        return Err(RunError::Refused(
            "Este banco já tem dados que não são da demonstração; use outra pasta com --data-dir."
                .to_owned(),
        ));
    }
    Ok((store, first_start))
}

/// What to try next; the lines work as pasted.
pub fn announce(listener: &TcpListener) -> Result<(), RunError> {
    let address = listener.local_addr().map_err(RunError::Terminal)?;
    let text = include_str!("demo/welcome.txt")
        .replace("{url}", &format!("http://{address}"))
        .replace("{ws}", &format!("ws://{address}"))
        .replace("{password}", PASSWORD);
    terminal::print_line(text.trim_end()).map_err(RunError::Terminal)
}

/// Connects the number and lets the customers begin.
pub async fn bring_to_life(app: &AppState) -> Result<(), RunError> {
    let session = app.hub.sessions().resolve(None).await?;
    app.hub.sessions().start(session.id).await?;
    for customer in customers::all() {
        let script = customers::Script::new(app, session.id, customer);
        app.sockets.spawn(script.run(app.stop.clone()));
    }
    Ok(())
}
