//! The coroutines of a party. They run on its own thread and never block.

use std::{
    cell::RefCell,
    collections::{HashMap, VecDeque},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Wake, Waker},
};

/// The program, next to the ops, which are numbered from zero.
const PROGRAM: u64 = u64::MAX;

/// The coroutines that have not ended, by op.
#[derive(Default)]
pub(crate) struct Tasks {
    running: RefCell<HashMap<u64, Task>>,
    woken: Arc<Mutex<VecDeque<u64>>>,
}

struct Task {
    coroutine: Pin<Box<dyn Future<Output = ()>>>,
    waker: Waker,
}

/// Waking is putting a number on a list.
struct Wakes {
    task: u64,
    woken: Arc<Mutex<VecDeque<u64>>>,
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.woken.lock().unwrap_or_else(PoisonError::into_inner).push_back(self.task);
    }
}

impl Tasks {
    /// Starts a coroutine at the next [`Self::turn`].
    pub(crate) fn spawn(&self, op: u64, coroutine: impl Future<Output = ()> + 'static) {
        let waker = self.waker(op);
        waker.wake_by_ref();
        self.running.borrow_mut().insert(op, Task { coroutine: Box::pin(coroutine), waker });
    }

    /// Wakes the program when told to; see [`Self::turn`].
    pub(crate) fn program_waker(&self) -> Waker {
        self.waker(PROGRAM)
    }

    /// Polls whatever is awake until nothing is. Says whether the program was woken.
    pub(crate) fn turn(&self) -> bool {
        let mut program = false;
        while let Some(op) = self.next() {
            if op == PROGRAM {
                program = true;
            } else if let Some(mut task) = self.take(op)
                && task.coroutine.as_mut().poll(&mut Context::from_waker(&task.waker)).is_pending()
            {
                self.running.borrow_mut().insert(op, task);
            }
        }
        program
    }

    /// Whether every coroutine has ended.
    pub(crate) fn is_empty(&self) -> bool {
        self.running.borrow().is_empty()
    }

    /// Drops every coroutine where it stands.
    pub(crate) fn clear(&self) {
        let dropped = self.running.take();
        drop(dropped);
        self.woken.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn take(&self, op: u64) -> Option<Task> {
        self.running.borrow_mut().remove(&op)
    }

    fn next(&self) -> Option<u64> {
        self.woken.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn waker(&self, task: u64) -> Waker {
        Arc::new(Wakes { task, woken: self.woken.clone() }).into()
    }
}
