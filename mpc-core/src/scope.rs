//! One path per step of a model, such as `LeNet/conv2/relu`: the row of the cost report and the context of errors.

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc};

/// A path, as a small number that is cheap to copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ScopeId(u32);

/// The paths of one session, and the one that is being recorded in.
#[derive(Clone, Default)]
pub struct Scopes(Rc<RefCell<Table>>);

#[derive(Default)]
struct Table {
    paths: Vec<Arc<str>>,
    ids: HashMap<Arc<str>, ScopeId>,
    current: String,
}

/// The scopes that calls on this thread are in, below the one of their session. They need no session: they are left before
/// the code that entered them returns or awaits, so no other session records in them.
#[derive(Default)]
struct Calls {
    path: String,
    /// Whether a field was entered, and nothing was recorded or entered since.
    fresh: bool,
}

thread_local! {
    static CALLS: RefCell<Calls> = RefCell::default();
}

impl Scopes {
    /// Enters a layer's own name below the current scope until the guard is dropped. A layer that is called as the field of a
    /// model goes by the name of the field instead ([`enter_field`]).
    pub fn enter(&self, name: &str) -> ScopeGuard {
        if took_name() { ScopeGuard(Left::Nothing) } else { self.enter_always(name) }
    }

    /// Enters `name` below the current scope until the guard is dropped.
    pub fn enter_always(&self, name: &str) -> ScopeGuard {
        if CALLS.with_borrow(|calls| !calls.path.is_empty()) {
            return enter_call(name, false);
        }
        let current = &mut self.0.borrow_mut().current;
        let length = current.len();
        append(current, name);
        ScopeGuard(Left::Session(self.clone(), length))
    }

    /// The current path followed by a step's name.
    pub fn step(&self, name: &str) -> ScopeId {
        let mut table = self.0.borrow_mut();
        let mut path = table.current.clone();
        CALLS.with_borrow_mut(|calls| {
            calls.fresh = false;
            if !calls.path.is_empty() {
                append(&mut path, &calls.path);
            }
        });
        append(&mut path, name);
        if let Some(&id) = table.ids.get(path.as_str()) {
            return id;
        }
        let (id, path) = (ScopeId(table.paths.len() as u32), Arc::<str>::from(path));
        table.paths.push(path.clone());
        table.ids.insert(path, id);
        id
    }

    /// The path of a number; empty for one of another session.
    pub fn path(&self, id: ScopeId) -> Arc<str> {
        self.0.borrow().paths.get(id.0 as usize).cloned().unwrap_or_else(|| "".into())
    }
}

/// Enters the field of a model whose layer is about to be called. Whatever the layer calls itself is left out.
pub fn enter_field(name: &str) -> ScopeGuard {
    enter_call(name, true)
}

/// Enters a model by the name of its type, unless it is called as a field of another and goes by that name.
pub fn enter_model(name: &str) -> ScopeGuard {
    if took_name() { ScopeGuard(Left::Nothing) } else { enter_call(name, false) }
}

/// Whether what is called has the name of a field already.
fn took_name() -> bool {
    CALLS.with_borrow_mut(|calls| std::mem::take(&mut calls.fresh))
}

fn enter_call(name: &str, fresh: bool) -> ScopeGuard {
    CALLS.with_borrow_mut(|calls| {
        let length = calls.path.len();
        append(&mut calls.path, name);
        calls.fresh = fresh;
        ScopeGuard(Left::Call(length))
    })
}

fn append(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('/');
    }
    path.push_str(name);
}

/// Leaves the scope when dropped.
#[must_use = "the scope ends when this is dropped"]
pub struct ScopeGuard(Left);

/// What to return to: the length of the path before.
enum Left {
    Session(Scopes, usize),
    Call(usize),
    Nothing,
}

impl Drop for ScopeGuard {
    fn drop(&mut self) {
        match &self.0 {
            Left::Session(scopes, length) => scopes.0.borrow_mut().current.truncate(*length),
            Left::Call(length) => CALLS.with_borrow_mut(|calls| {
                calls.path.truncate(*length);
                calls.fresh = false;
            }),
            Left::Nothing => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_nest_and_are_interned() {
        let scopes = Scopes::default();
        let outer = scopes.enter("net");
        let first = {
            let _inner = scopes.enter("conv");
            scopes.step("mul")
        };
        assert_eq!(&*scopes.path(first), "net/conv/mul");
        assert_eq!(&*scopes.path(scopes.step("mul")), "net/mul");
        drop(outer);
        let (_a, _b) = (scopes.enter("net"), scopes.enter("conv"));
        assert_eq!(scopes.step("mul"), first);
    }

    #[test]
    fn a_layer_goes_by_the_name_of_its_field() {
        let scopes = Scopes::default();
        let step = || scopes.path(scopes.step("mul")).to_string();
        let _epoch = scopes.enter_always("epoch");
        let _net = enter_model("Net");
        {
            let _field = enter_field("head");
            {
                let _block = enter_model("Block");
                assert_eq!(step(), "epoch/Net/head/mul");
                let _own = scopes.enter("linear");
                assert_eq!(step(), "epoch/Net/head/linear/mul", "only the first name gives way");
            }
            assert_eq!(step(), "epoch/Net/head/mul");
        }
        drop(enter_field("unused"));
        let _asked = scopes.enter_always("asked");
        assert_eq!(step(), "epoch/Net/asked/mul");
    }
}
