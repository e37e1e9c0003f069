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

impl Scopes {
    /// Enters `name` below the current scope until the guard is dropped.
    pub fn enter(&self, name: &str) -> ScopeGuard {
        let current = &mut self.0.borrow_mut().current;
        let length = current.len();
        if !current.is_empty() {
            current.push('/');
        }
        current.push_str(name);
        ScopeGuard { scopes: self.clone(), length }
    }

    /// The current path followed by a step's name.
    pub fn step(&self, name: &str) -> ScopeId {
        let mut table = self.0.borrow_mut();
        let path = if table.current.is_empty() { name.to_owned() } else { format!("{}/{name}", table.current) };
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

/// Leaves the scope when dropped.
#[must_use = "the scope ends when this is dropped"]
pub struct ScopeGuard {
    scopes: Scopes,
    length: usize,
}

impl Drop for ScopeGuard {
    fn drop(&mut self) {
        self.scopes.0.borrow_mut().current.truncate(self.length);
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
}
