//! Supervision without a hub: restarts, backoff, quarantine, escalation, retirement.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::testing::eventually;

enum ToWorker {
    Ask(Reply<ActorId>),
    Fail,
    Panic,
}

/// Counts its starts; refuses to start as often as it is told to.
#[derive(Clone, Default)]
struct Shared {
    starts: Arc<AtomicUsize>,
    refusals: Arc<AtomicUsize>,
}

struct Worker;

impl Actor for Worker {
    type Msg = ToWorker;
    type State = ();
    type Arguments = Shared;

    async fn pre_start(
        &self,
        _me: ActorRef<ToWorker>,
        shared: Shared,
    ) -> Result<(), ActorProcessingErr> {
        shared.starts.fetch_add(1, Ordering::SeqCst);
        let refused = shared
            .refusals
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if refused.is_ok() { Err("refused to start".into()) } else { Ok(()) }
    }

    async fn handle(
        &self,
        me: ActorRef<ToWorker>,
        message: ToWorker,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        match message {
            ToWorker::Ask(reply) => {
                let _ = reply.send(Ok(me.get_id()));
                Ok(())
            }
            ToWorker::Fail => Err("asked to".into()),
            ToWorker::Panic => panic!("asked to by a test"),
        }
    }
}

macro_rules! kind {
    ($name:ident, $restart:expr) => {
        struct $name(Shared);

        impl Child for $name {
            type Key = u8;
            type Msg = ToWorker;
            const NAME: &'static str = stringify!($name);
            const RESTART: Restart = $restart;

            async fn start(
                &self,
                _key: u8,
                parent: ActorCell,
            ) -> Result<ActorRef<ToWorker>, SpawnErr> {
                Ok(Worker::spawn_linked(None, Worker, self.0.clone(), parent).await?.0)
            }
        }
    };
}

kind!(Permanent, Restart::Always);
kind!(OnDemand, Restart::OnDemand);

/// A parent that notices when its child gives up.
struct Parent;

impl Actor for Parent {
    type Msg = ();
    type State = Arc<AtomicUsize>;
    type Arguments = Arc<AtomicUsize>;

    async fn pre_start(
        &self,
        _me: ActorRef<()>,
        failures: Arc<AtomicUsize>,
    ) -> Result<Arc<AtomicUsize>, ActorProcessingErr> {
        Ok(failures)
    }

    async fn handle_supervisor_evt(
        &self,
        _me: ActorRef<()>,
        event: SupervisionEvent,
        failures: &mut Arc<AtomicUsize>,
    ) -> Result<(), ActorProcessingErr> {
        if matches!(event, SupervisionEvent::ActorFailed(..)) {
            failures.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }
}

struct Tree<C: Child> {
    doors: Doors<C>,
    given_up: Arc<AtomicUsize>,
    _parent: ActorRef<()>,
}

async fn tree<C: Child<Key = u8, Msg = ToWorker>>(child: C) -> Tree<C> {
    let given_up = Arc::new(AtomicUsize::new(0));
    let (parent, _) = Actor::spawn(None, Parent, Arc::clone(&given_up)).await.unwrap();
    let doors = Doors::default();
    doors.open(child, parent.get_cell()).await.unwrap();
    Tree { doors, given_up, _parent: parent }
}

async fn ask<C: Child<Key = u8, Msg = ToWorker>>(tree: &Tree<C>) -> Result<ActorId, HubError> {
    tree.doors.ask(&7, ToWorker::Ask).await
}

#[tokio::test]
async fn a_failed_child_is_replaced_and_callers_see_no_failure() {
    let shared = Shared::default();
    let tree = tree(OnDemand(shared.clone())).await;
    let first = ask(&tree).await.unwrap();
    for message in [ToWorker::Fail, ToWorker::Panic] {
        tree.doors.tell(&7, message);
        eventually(async || ask(&tree).await.is_ok_and(|id| id != first)).await;
    }
    assert_eq!(shared.starts.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_permanent_child_is_up_again_without_being_asked() {
    let shared = Shared::default();
    let tree = tree(Permanent(shared.clone())).await;
    ask(&tree).await.unwrap();
    tree.doors.tell(&7, ToWorker::Fail);
    eventually(async || shared.starts.load(Ordering::SeqCst) == 2).await;
}

#[tokio::test]
async fn a_child_that_cannot_start_is_tried_again_with_growing_waits() {
    let shared = Shared::default();
    shared.refusals.store(3, Ordering::SeqCst);
    let tree = tree(Permanent(shared.clone())).await;
    assert!(matches!(ask(&tree).await, Err(HubError::Unavailable)));
    eventually(async || ask(&tree).await.is_ok()).await;
    assert_eq!(shared.starts.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_broken_chat_is_set_aside_and_others_go_on() {
    let tree = tree(OnDemand(Shared::default())).await;
    for _ in 0..=FAILURES_MAX {
        eventually(async || ask(&tree).await.is_ok()).await;
        let id = tree.doors.actor_id(&7);
        tree.doors.tell(&7, ToWorker::Fail);
        eventually(async || tree.doors.actor_id(&7) != id).await;
    }
    assert!(matches!(ask(&tree).await, Err(HubError::Unavailable)));
    assert!(tree.doors.ask(&8, ToWorker::Ask).await.is_ok(), "another key is served");
    assert_eq!(tree.given_up.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_permanent_child_that_fails_too_often_ends_the_supervisor() {
    let tree = tree(Permanent(Shared::default())).await;
    for _ in 0..=FAILURES_MAX {
        eventually(async || ask(&tree).await.is_ok()).await;
        let id = tree.doors.actor_id(&7);
        tree.doors.tell(&7, ToWorker::Fail);
        eventually(async || tree.doors.actor_id(&7) != id).await;
    }
    eventually(async || tree.given_up.load(Ordering::SeqCst) == 1).await;
}

#[tokio::test]
async fn a_retired_child_is_succeeded_only_after_it_has_ended() {
    let shared = Shared::default();
    let tree = tree(OnDemand(shared.clone())).await;
    let first = ask(&tree).await.unwrap();
    tree.doors.retire(7, first);
    let second = ask(&tree).await.unwrap();
    // Either the first answered before it was told to go, or its successor did.
    eventually(async || ask(&tree).await.is_ok_and(|id| id != first)).await;
    assert!(shared.starts.load(Ordering::SeqCst) == 2, "{second}");
    // An id that is no longer current retires nobody.
    tree.doors.retire(7, first);
    assert!(ask(&tree).await.is_ok());
    assert_eq!(shared.starts.load(Ordering::SeqCst), 2);
}
