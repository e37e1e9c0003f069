//! The only leaf future: node values, openings, corrections.

use std::{
    cell::RefCell,
    pin::Pin,
    rc::Rc,
    task::{self, Poll, Waker},
};

/// A value that is set once and may be awaited by many.
pub struct Slot<T>(Rc<RefCell<State<T>>>);

enum State<T> {
    Empty(Vec<Waker>),
    Full(T),
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Clone> Slot<T> {
    /// A slot that somebody will fill.
    pub fn empty() -> Self {
        Self(Rc::new(RefCell::new(State::Empty(Vec::new()))))
    }

    /// A slot whose value is known from the start.
    pub fn full(value: T) -> Self {
        Self(Rc::new(RefCell::new(State::Full(value))))
    }

    /// Sets the value, unless it is set already, and wakes whoever waits for it.
    pub fn set(&self, value: T) {
        let state = &mut *self.0.borrow_mut();
        if let State::Empty(waiting) = state {
            std::mem::take(waiting).into_iter().for_each(Waker::wake);
            *state = State::Full(value);
        }
    }

    /// The value, if it is set.
    pub fn get(&self) -> Option<T> {
        match &*self.0.borrow() {
            State::Full(value) => Some(value.clone()),
            State::Empty(_) => None,
        }
    }
}

impl<T: Clone> Future for Slot<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<T> {
        match &mut *self.0.borrow_mut() {
            State::Full(value) => Poll::Ready(value.clone()),
            State::Empty(waiting) => {
                waiting.push(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}
