//! Recording and running: one per session and party.

mod batch;

use super::{Handle, Node, Op, Opened, Rewrite, Step, backward::SEED, flag::Restore, ledger::Ledger};
use crate::{
    context::Context,
    engine::{Engine, Operand, Vis},
    error::{Error, Result, Usage},
    exec::{Digest, Tasks, Timing, Wire},
    rand::At,
    scope::{ScopeId, Scopes},
    shape::Shape,
};
use mpc_comm::{SPANS, Traffic};
use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::BTreeMap,
    fmt::Write,
    panic::Location,
    pin::pin,
    rc::Rc,
    task::{Context as TaskContext, Poll},
};

/// Recorded nodes that make the runtime run by itself, and their elements: a program that never reads stays bounded.
const PENDING_NODES: usize = 1 << 14;
const PENDING_ELEMENTS: usize = 1 << 26;

const IN_A_BRANCH: &str = "both branches of an `if` on bits run, and both sides of `&&` and `||`, so this would be \
     opened whatever the bits are: reveal after the `if` what it yields";

/// Looks at a result.
type Watcher = dyn Fn(&Node);

/// What a program records on and what runs it.
pub struct Runtime {
    cx: Rc<Context>,
    engine: Rc<dyn Engine>,
    scopes: Scopes,
    names: Rc<[String]>,
    tasks: Tasks,
    next: Cell<u64>,
    digest: RefCell<Digest>,
    last: Cell<(ScopeId, &'static Location<'static>)>,
    pending: RefCell<Vec<Rc<Node>>>,
    pending_elements: Cell<usize>,
    program_woken: Cell<bool>,
    /// Whether each op runs as soon as it is recorded: for debugging, with many more rounds.
    eager: bool,
    /// Whether what is recorded can be differentiated.
    grad: Cell<bool>,
    /// Whether this is recorded in a branch that runs whatever the condition is.
    oblivious: Cell<bool>,
    failure: Rc<RefCell<Option<Error>>>,
    ledger: RefCell<Ledger>,
    rewrites: RefCell<BTreeMap<(ScopeId, &'static str), usize>>,
    live: Rc<()>,
    /// What is recorded while the session is traced.
    pub(super) trace: RefCell<Option<Vec<Step>>>,
    /// Looks at every result: in a simulator only.
    watcher: OnceCell<Rc<Watcher>>,
}

impl Runtime {
    pub(crate) fn new(cx: Rc<Context>, engine: Rc<dyn Engine>, scopes: Scopes, names: Rc<[String]>) -> Rc<Self> {
        Rc::new(Self {
            cx,
            engine,
            scopes,
            names,
            tasks: Tasks::default(),
            next: Cell::new(0),
            digest: RefCell::default(),
            last: Cell::new((ScopeId::default(), Location::caller())),
            pending: RefCell::default(),
            pending_elements: Cell::new(0),
            program_woken: Cell::new(false),
            eager: std::env::var_os("MPC_EAGER").is_some_and(|value| value == "1"),
            grad: Cell::new(true),
            oblivious: Cell::new(false),
            failure: Rc::default(),
            ledger: RefCell::default(),
            rewrites: RefCell::default(),
            live: Rc::new(()),
            trace: RefCell::default(),
            watcher: OnceCell::new(),
        })
    }

    /// The party.
    pub(crate) fn context(&self) -> &Rc<Context> {
        &self.cx
    }

    /// The engine.
    pub fn engine(&self) -> &dyn Engine {
        &*self.engine
    }

    /// The scopes of the session.
    pub fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// This party's place in the roster.
    pub fn me(&self) -> usize {
        self.cx.me()
    }

    /// How many parties compute.
    pub fn parties(&self) -> usize {
        self.cx.parties()
    }

    /// Whether this end is a client: it records the program and computes only what it may know.
    pub fn is_client(&self) -> bool {
        self.cx.is_client(self.me())
    }

    /// How many clients there are.
    pub fn clients(&self) -> usize {
        self.cx.clients()
    }

    /// Rounds and bytes so far.
    pub fn traffic(&self) -> Traffic {
        self.cx.net().traffic()
    }

    /// Bytes of corrections that the dealer has sent to all parties together, for what has run so far.
    pub fn dealer_sent(&self) -> u64 {
        self.cx.net().dealer_sent
    }

    /// Time spent waiting so far.
    pub fn timing(&self) -> Timing {
        self.cx.net().timing
    }

    /// Notes a rewrite of a step that is being recorded.
    pub(crate) fn rewritten(&self, name: &'static str, step: &str) {
        self.rewritten_at(name, self.scopes.step(step));
    }

    /// Notes a rewrite.
    fn rewritten_at(&self, name: &'static str, scope: ScopeId) {
        *self.rewrites.borrow_mut().entry((scope, name)).or_default() += 1;
    }

    /// The rewrites so far, in the order of their scopes.
    pub fn rewrites(&self) -> Vec<Rewrite> {
        let rewrites = self.rewrites.borrow();
        let found = rewrites.iter().map(|(&(scope, name), &times)| (self.scopes.path(scope), name, times));
        found.map(|(scope, name, times)| Rewrite { name, scope: scope.to_string(), times }).collect()
    }

    /// What was opened so far.
    pub fn ledger(&self) -> Vec<Opened> {
        self.ledger.borrow().entries().to_vec()
    }

    /// Notes what leaves by another way than an op that opens.
    pub(crate) fn enter(&self, opened: Opened) {
        self.ledger.borrow_mut().enter(opened);
    }

    /// The names of the parties, in the order of the roster, then those of the clients.
    pub fn names(&self) -> &Rc<[String]> {
        &self.names
    }

    /// How many nodes are in memory.
    pub fn live_nodes(&self) -> usize {
        Rc::strong_count(&self.live) - 1
    }

    /// Shows every result to a simulator.
    pub(crate) fn watch(&self, watcher: impl Fn(&Node) + 'static) {
        self.watcher.get_or_init(|| Rc::new(watcher));
    }

    /// Makes the session fail at the next read, here and, through an abort, everywhere. The first cause stays.
    pub fn fail(&self, error: Error) {
        self.failure.borrow_mut().get_or_insert(error);
    }

    /// Whether each op runs as soon as it is recorded: `MPC_EAGER=1` in the environment of every party.
    pub fn eager(&self) -> bool {
        self.eager
    }

    /// Records `f` without a tape: updates of parameters, evaluation.
    pub fn no_grad<T>(&self, f: impl FnOnce() -> T) -> T {
        let _restore = self.untaped();
        f()
    }

    /// Records without a tape until the guard is dropped.
    pub(crate) fn untaped(&self) -> impl Drop {
        Restore::after(&self.grad, false)
    }

    /// Whether what is recorded now gets a tape: no, inside of [`Self::no_grad`].
    pub fn has_tape(&self) -> bool {
        self.grad.get()
    }

    /// Records a branch of an `if` on bits, which runs whatever they are: what it opens would be opened in any case.
    pub(crate) fn oblivious<T>(&self, f: impl FnOnce() -> T) -> T {
        let _restore = Restore::after(&self.oblivious, true);
        f()
    }

    /// Adds a public number that the parties must agree on to the schedule.
    pub(crate) fn agree(&self, x: u64) {
        self.digest.borrow_mut().number(x);
    }

    pub(super) fn push(
        self: &Rc<Self>,
        op: Box<dyn Op>,
        inputs: &[&Handle],
        at: &'static Location<'static>,
    ) -> Result<Rc<Node>> {
        let scope = self.scopes.step(op.name());
        let nodes: Result<Vec<_>, _> = inputs.iter().map(|input| input.node.clone()).collect();
        let nodes = nodes.map_err(|error| Error::clone(&error))?;
        let shapes: Vec<&Shape> = nodes.iter().map(|node| &node.operand.shape).collect();
        let foreign = inputs.iter().any(|input| !Rc::ptr_eq(&input.runtime, self));
        let inferred = match op.infer(&shapes) {
            _ if foreign => Err(Usage::Sessions),
            _ if self.oblivious.get() && op.opens() => Err(Usage::Argument(IN_A_BRANCH.into())),
            inferred => inferred,
        };
        let shape = inferred.map_err(|problem| Error::Usage {
            op: op.name().into(),
            problem,
            shapes: shapes.into_iter().cloned().collect(),
            scope: self.scopes.path(scope),
            at,
        })?;
        if self.pending.borrow().len() >= PENDING_NODES || self.pending_elements.get() >= PENDING_ELEMENTS {
            self.flush();
        }
        let operands: Vec<_> = nodes.iter().map(|node| &node.operand).collect();
        let vis = op.visibility(&operands.iter().map(|operand| operand.vis).collect::<Vec<_>>());
        let kind = op.kind(&operands.iter().map(|operand| operand.kind).collect::<Vec<_>>());
        let id = self.next.replace(self.next.get() + 1);
        let step = At { op: id, part: 0, scope };
        self.record_schedule(&*op, &shape, vis, &nodes);
        let clients_own = matches!(vis, Vis::Private(owner) if self.cx.is_client(owner));
        if self.clients() > 0 {
            let schedule = (clients_own || op.opens()).then(|| self.digest.borrow().value());
            self.cx.net().recorded(id, schedule);
        }
        // The dealer gives clients nothing: what they know has a mask that nobody knows.
        let masked = if clients_own { Vis::Secret } else { vis };
        let wire = match masked == vis {
            true => op.wire(step, shape.len(), vis, &operands),
            false => masked.wire(step, shape.len()),
        };
        self.last.set((scope, at));
        self.pending_elements.set(self.pending_elements.get() + shape.len());
        let follows = self.grad.get() && nodes.iter().any(|node| node.tracked.get());
        let ones = op.name() == SEED || op.rearranges() && nodes.iter().all(|node| node.ones);
        self.note(&*op, step, &nodes, (&shape, kind), at);
        let node = Rc::new(Node {
            operand: Operand::new(step, shape, vis, kind, wire),
            at,
            op,
            ones,
            follows,
            tracked: Cell::new(follows),
            inputs: RefCell::new(nodes),
            _live: self.live.clone(),
        });
        self.pending.borrow_mut().push(node.clone());
        Ok(node)
    }

    fn record_schedule(&self, op: &dyn Op, shape: &Shape, vis: Vis, inputs: &[Rc<Node>]) {
        let mut digest = self.digest.borrow_mut();
        // Writing to a hash does not fail.
        let _ = write!(digest, "{op:?}{shape:?}{vis:?}");
        inputs.iter().for_each(|input| digest.number(input.id()));
        op.digest(&mut |x| digest.number(x));
    }

    /// Whether a node is recorded and has not been handed to the executor.
    pub(super) fn is_waiting(&self, node: &Rc<Node>) -> bool {
        self.pending.borrow().iter().rev().any(|other| Rc::ptr_eq(other, node))
    }

    /// Runs everything recorded that somebody can still read. A failure shows at the next read.
    pub fn flush(&self) {
        self.run(None);
    }

    /// Runs what some tensors need, and leaves the rest recorded. A failure shows at the next read.
    pub fn compute(&self, targets: &[&Handle]) {
        self.run(Some(targets));
    }

    fn run(&self, targets: Option<&[&Handle]>) {
        let run = || {
            self.spawn_recorded(targets)?;
            loop {
                if self.turn() {
                    self.program_woken.set(true);
                }
                self.engine.check()?;
                self.cx.net().send_to_clients()?;
                // A client waits for results only when the program does: the parties may never have opened the others.
                if self.is_client() || self.tasks.is_empty() || self.failure.borrow().is_some() {
                    return Ok(());
                }
                self.advance()?;
            }
        };
        let failed = self.failure.borrow().is_some();
        if !failed && let Err(error) = run() {
            self.stop(error);
        }
    }

    /// Runs a program, and with it everything that it records, until it has its answer.
    ///
    /// # Errors
    /// The program's own error, or whatever stopped the session; the others have been told.
    pub fn block_on<T>(&self, program: impl Future<Output = Result<T>>) -> Result<T> {
        let span = self.cx.net().span.clone();
        let _inside = span.enter();
        let mut program = pin!(program);
        let waker = self.tasks.program_waker();
        self.program_woken.set(true);
        loop {
            if self.program_woken.replace(false) {
                self.check()?;
                if let Poll::Ready(answer) = program.as_mut().poll(&mut TaskContext::from_waker(&waker)) {
                    self.check()?;
                    return answer.inspect_err(|error| self.stop(error.clone()));
                }
                self.spawn_recorded(None).inspect_err(|error| self.stop(error.clone()))?;
            }
            let woken = self.turn();
            self.check()?;
            self.cx.net().send_to_clients().inspect_err(|error| self.stop(error.clone()))?;
            if woken || self.program_woken.get() {
                self.program_woken.set(true);
            } else {
                self.advance().inspect_err(|error| self.stop(error.clone()))?;
            }
        }
    }

    /// Lets coroutines run until none can move. Says whether the program was woken.
    fn turn(&self) -> bool {
        let compute =
            || tracing::debug_span!(target: SPANS, "compute", round = self.cx.net().traffic.total.rounds).entered();
        let _span = (!self.tasks.is_empty()).then(compute);
        self.tasks.turn()
    }

    /// Notes in the session's span how much it took.
    fn sum_up(&self, failed: bool) {
        let span = self.cx.net().span.clone();
        if !span.is_disabled() {
            let total = self.traffic().total;
            let counts = [("rounds", total.rounds), ("sent", total.sent), ("received", total.received)];
            for (name, count) in counts.into_iter().chain([("dealt", total.dealt)]) {
                span.record(name, count);
            }
            span.record("failed", failed);
        }
    }

    /// The failure, if there is one; makes sure that the others hear of it.
    fn check(&self) -> Result<()> {
        let failure = self.failure.borrow().clone().or_else(|| self.engine.check().err());
        match failure {
            Some(error) => {
                self.stop(error.clone());
                Err(error)
            }
            None => Ok(()),
        }
    }

    fn advance(&self) -> Result<()> {
        // Nothing leaves that a device has not finished.
        self.engine.check()?;
        let schedule = self.digest.borrow().value();
        self.cx.net().advance(schedule, self.last.get())
    }

    /// Drops the coroutines, remembers the first cause and tells everybody.
    fn stop(&self, error: Error) {
        self.tasks.clear();
        self.pending.take();
        let cause = error.for_others();
        if self.failure.borrow().is_none() {
            tracing::debug!(%cause, "the session stops");
            self.sum_up(true);
        }
        self.fail(error);
        let net = &mut *self.cx.net();
        net.clear();
        if let Wire::Mesh(mesh) = &mut net.wire {
            mesh.abort(&cause);
        }
    }

    /// Says goodbye to the other parties. What is recorded and not read is not run.
    pub(crate) fn finish(&self) {
        self.tasks.clear();
        let total = self.traffic().total;
        tracing::debug!(total.rounds, total.sent, total.received, total.dealt, "the session ends");
        if self.failure.borrow().is_none() {
            self.sum_up(false);
        }
        self.cx.net().end_preprocessing();
        let wire = std::mem::replace(&mut self.cx.net().wire, Wire::Count);
        if let (Wire::Mesh(mesh), None) = (wire, &*self.failure.borrow()) {
            mesh.finish();
        }
    }
}
