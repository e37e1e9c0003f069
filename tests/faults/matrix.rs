//! Every program, every harm, at several points of the run.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
    thread,
    time::Duration,
};

use super::{
    cast::{ALL, Cast},
    harm::{DEALER, Harm, Member, Order, Way},
    trial::{End, Trial, run as trial},
};

/// Sessions at the same time: most of the time they wait.
const WORKERS: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Some programs, the middle of the run.
    Short,
    /// All programs, the greeting and points of the whole run but the last frame.
    Long,
}

impl Depth {
    /// Where harm is done on a way of so many units.
    fn points(self, units: usize) -> Vec<usize> {
        let (first, last) = (1.min(units - 1), units - 1);
        let points: BTreeSet<usize> = match self {
            Depth::Short => [first + (last - first) / 2].into(),
            // `FAULTS_EVERY=3`: every third unit.
            Depth::Long => match every() {
                Some(every) => (0..last).step_by(every).collect(),
                None => (0..4).map(|at| first + at * (last - first) / 4).chain([0]).collect(),
            },
        };
        points.into_iter().collect()
    }
}

fn every() -> Option<usize> {
    let every = std::env::var("FAULTS_EVERY").ok()?;
    Some(every.parse::<usize>().ok().filter(|every| *every > 0).expect("FAULTS_EVERY is a number"))
}

/// What was seen of one harm of one program.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// How often who was left ended how.
    pub(crate) outcomes: BTreeMap<&'static str, usize>,
    /// What the errors were.
    pub(crate) sorts: BTreeSet<String>,
    /// The longest from the harm to the last end.
    pub(crate) longest: Duration,
}

impl Seen {
    fn add(&mut self, trial: &Trial, healthy: &BTreeMap<Member, End>, what: &str) {
        let living = || trial.ends.values().filter(|end| !matches!(end, End::Killed));
        let errors = living().filter(|end| matches!(end, End::Error(_))).count();
        let outcome = match errors {
            0 => "right",
            all if all == living().count() => "error",
            _ => "right or error",
        };
        *self.outcomes.entry(outcome).or_default() += 1;
        for (member, end) in &trial.ends {
            match (end, &healthy[member]) {
                (End::Error(sort), _) => drop(self.sorts.insert(sort.clone())),
                (End::Well(found), End::Well(right)) => assert_same(found, right, what),
                _ => {}
            }
        }
        self.longest = self.longest.max(trial.took.unwrap_or_default());
    }
}

/// By program, in the order of the cast, what was seen of each harm.
pub(crate) type Matrix = Vec<(&'static str, Vec<(&'static str, Seen)>)>;

pub(crate) fn run(depth: Depth) -> Matrix {
    // `FAULTS=auction,trees` does some of them.
    let chosen = std::env::var("FAULTS").ok();
    let is_chosen = |cast: &Cast| match (&chosen, depth) {
        (Some(names), Depth::Long) => names.split(',').any(|name| name == cast.example),
        (None, Depth::Long) => true,
        (_, Depth::Short) => cast.short,
    };
    let casts = ALL.iter().filter(|cast| is_chosen(cast));
    casts.map(|cast| (cast.example, one(cast, depth))).collect()
}

fn one(cast: &Cast, depth: Depth) -> Vec<(&'static str, Seen)> {
    let healthy = [false, true].map(|tls| trial(cast, None, tls));
    for member in &healthy {
        assert!(member.ends.values().all(|end| matches!(end, End::Well(_))), "{}: {member:?}", cast.example);
    }
    let mut orders = Vec::new();
    for harm in Harm::ALL {
        let counts = &healthy[usize::from(harm.tls())].counts;
        let ways: Vec<Way> = ways(cast, harm).filter(|way| counts.get(way).is_some_and(|&units| units > 1)).collect();
        let points = ways.iter().map(|way| depth.points(counts[way]));
        let points: Vec<Vec<usize>> = points.collect();
        let most = points.iter().map(Vec::len).max().unwrap_or_else(|| panic!("no way for {harm:?}"));
        // Another way for each point, so that all links have their turn.
        for at in 0..most {
            let way = at % ways.len();
            orders.extend(points[way].get(at).map(|&at| Order { harm, way: ways[way], at }));
        }
    }
    let (seen, todo) = (Mutex::new(BTreeMap::<Harm, Seen>::new()), Mutex::new(orders));
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(order) = { todo.lock().unwrap().pop() } {
                    let tls = order.harm.tls();
                    let trial = trial(cast, Some(order), tls);
                    let what = format!("{} with {order:?}", cast.example);
                    eprintln!("{what}: {:?} {:?}", trial.took, brief(&trial));
                    let mut seen = seen.lock().unwrap();
                    seen.entry(order.harm).or_default().add(&trial, &healthy[usize::from(tls)].ends, &what);
                }
            });
        }
    });
    let mut seen = seen.into_inner().unwrap();
    Harm::ALL.map(|harm| (harm.name(), seen.remove(&harm).unwrap())).into()
}

/// The ways on which this harm is done.
fn ways(cast: &Cast, harm: Harm) -> impl Iterator<Item = Way> {
    let all = cast.parties().count() as Member;
    let parties = (1..all).flat_map(|party| [(party, 0), (0, party)]).collect::<Vec<_>>();
    let dealer = (0..all).map(|party| (DEALER, party)).collect::<Vec<_>>();
    match harm {
        Harm::KillParty | Harm::KillGrace => parties,
        Harm::KillDealer => dealer,
        // A party's frames and the dealer's in turn.
        _ => parties.into_iter().zip([(0, DEALER)].into_iter().chain(dealer)).flat_map(|(a, b)| [a, b]).collect(),
    }
    .into_iter()
}

fn brief(trial: &Trial) -> Vec<&str> {
    let brief = |end| match end {
        &End::Well(_) => "right",
        End::Error(sort) => sort,
        End::Killed => "killed",
    };
    trial.ends.values().map(brief).collect()
}

/// The same lines, but for what rounding and clocks decide.
#[track_caller]
fn assert_same(found: &str, right: &str, what: &str) {
    let (found, right) = (timeless(found), timeless(right));
    assert_eq!(found.len(), right.len(), "{what}: {found:?} is not {right:?}");
    for (found, right) in found.iter().zip(&right) {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let (found, right) = (words(found), words(right));
        let number = |word: &str| word.trim_matches(['[', ']', ',', '%']).parse::<f64>();
        let close = |(found, right): (&String, &String)| match (number(found), number(right)) {
            (Ok(found), Ok(right)) => (found - right).abs() <= 0.05 * right.abs().max(1.0),
            _ => found == right,
        };
        let same = found.len() == right.len() && found.iter().zip(&right).all(close);
        assert!(same, "{what}: {found:?} is not {right:?}");
    }
}

/// The lines of a text without frames, and without what says how long something took: lines, and columns of tables.
fn timeless(text: &str) -> Vec<String> {
    let (mut columns, mut lines) = (None, Vec::new());
    for line in text.lines() {
        if line.contains('┌') {
            columns = None;
        }
        let head = columns.is_none() && line.contains('┆');
        if !line.contains(char::is_alphanumeric) || is_timed(line) && !head {
            continue;
        }
        let cells: Vec<&str> = line.split('┆').collect();
        if head {
            let timed = |cell: &&str| ["seconds", "a step", "waiting"].iter().any(|word| cell.contains(word));
            columns = Some(cells.iter().map(timed).collect::<Vec<_>>());
        }
        let timed = |at: usize| columns.as_ref().and_then(|columns| columns.get(at)).is_some_and(|timed| *timed);
        let kept = cells.iter().enumerate().filter(|(at, _)| cells.len() == 1 || !timed(*at)).map(|(_, cell)| *cell);
        lines.push(kept.collect::<Vec<_>>().join("┆"));
    }
    lines
}

/// Whether a line says how long something took.
fn is_timed(line: &str) -> bool {
    [" s ", " s,", "seconds", " ms"].iter().any(|unit| line.contains(unit))
}
