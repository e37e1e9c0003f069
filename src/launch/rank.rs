//! Which party we are, where a scheduler started us as one of several equal processes.
//!
//! It is asked for by name (`--rank-from`): a variable that happens to be set starts nothing. Ranks are the compute parties
//! in the order of `parties!`, then the clients, then the dealer.

use clap::ValueEnum;

use super::{Cast, roster::DEALER};

/// The environment, or what a test puts in its place.
pub(super) type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Who started the processes of a job, and so which variables say our number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Scheduler {
    /// mpirun of Open MPI
    Openmpi,
    /// mpirun of MPICH, Intel MPI or MVAPICH
    Mpich,
    /// srun of Slurm
    Slurm,
    /// torchrun, or another that sets RANK and WORLD_SIZE
    Torchrun,
    /// An Indexed Job or a StatefulSet of Kubernetes
    Kubernetes,
}

/// What a scheduler says of us.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rank {
    scheduler: Scheduler,
    rank: usize,
    /// Processes of the job, where the scheduler tells.
    size: Option<usize>,
    /// Whether all of them are certainly on this host.
    one_host: bool,
    /// A name that all of them, and no other job, have.
    pub(super) job: Option<String>,
}

/// Why a rank is of no use.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RankError {
    #[error(
        "--rank-from {}: {variable} is not set, so this process was not started by {}{}",
        .scheduler.name(), .scheduler.starter(), hint(.others)
    )]
    Absent { scheduler: Scheduler, variable: &'static str, others: Vec<Scheduler> },
    #[error(
        "--rank-from kubernetes: the host's name is `{host}`, and a pod of a StatefulSet ends with `-` and its number"
    )]
    NoOrdinal { host: String },
    #[error("{variable} is `{value}`, expected {expected}")]
    Malformed { variable: &'static str, value: String, expected: &'static str },
    #[error("{found}, and this program needs {}: {}{}", roles.len(), in_words(roles), apart(roles, *size))]
    WrongSize { found: String, size: Option<usize>, roles: Vec<String> },
    #[error(
        "a job {problem} needs --roster FILE, which says where its parties are (`mpc roster new` writes one). Without it, \
         all have to be on one host, and listen at the ports after MASTER_PORT"
    )]
    NoRoster { problem: &'static str },
}

fn hint(others: &[Scheduler]) -> String {
    match others {
        [] => String::new(),
        [one] => format!("; the variables of {} are: --rank-from {}", one.starter(), one.name()),
        several => {
            let names: Vec<_> = several.iter().map(|scheduler| format!("--rank-from {}", scheduler.name())).collect();
            format!("; the variables of others are: {}", names.join(" or "))
        }
    }
}

fn in_words(roles: &[String]) -> String {
    let each: Vec<String> = roles.iter().enumerate().map(|(rank, name)| format!("rank {rank} is {name}")).collect();
    each.join(", ")
}

/// A hint for those whose dealer is no part of the job.
fn apart(roles: &[String], size: Option<usize>) -> &'static str {
    let dealer = roles.last().is_some_and(|last| last == DEALER);
    match size {
        Some(size) if dealer && size + 1 == roles.len() => {
            ". If the dealer runs elsewhere (`mpc dealer`), give --dealer-elsewhere"
        }
        _ => "",
    }
}

/// The names of the parties by rank.
pub(super) fn roles<'a>(cast: Cast<'a>, with_dealer: bool) -> Vec<&'a str> {
    let dealer = with_dealer.then_some(DEALER);
    cast.compute.iter().chain(cast.clients).copied().chain(dealer).collect()
}

/// A scheduler that started several processes, although none of them asked for its rank: each will run all parties.
pub(super) fn unasked(env: Env<'_>) -> Option<(Scheduler, usize)> {
    let ranks = Scheduler::value_variants().iter().filter_map(|scheduler| scheduler.rank(env).ok());
    ranks.filter_map(|rank| Some((rank.scheduler, rank.size.filter(|size| *size > 1)?))).next()
}

impl Scheduler {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Openmpi => "openmpi",
            Self::Mpich => "mpich",
            Self::Slurm => "slurm",
            Self::Torchrun => "torchrun",
            Self::Kubernetes => "kubernetes",
        }
    }

    /// What starts its processes.
    fn starter(self) -> &'static str {
        match self {
            Self::Openmpi => "mpirun of Open MPI",
            Self::Mpich => "mpirun of MPICH",
            Self::Slurm => "srun",
            Self::Torchrun => "torchrun",
            Self::Kubernetes => "an Indexed Job",
        }
    }

    /// The variables of our number and of how many there are.
    fn variables(self) -> (&'static str, &'static str) {
        match self {
            Self::Openmpi => ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
            Self::Mpich => ("PMI_RANK", "PMI_SIZE"),
            // A batch script has SLURM_PROCID and SLURM_NTASKS too, and is no step.
            Self::Slurm => ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
            Self::Torchrun => ("RANK", "WORLD_SIZE"),
            Self::Kubernetes => ("JOB_COMPLETION_INDEX", "WORLD_SIZE"),
        }
    }

    /// What the variables say.
    ///
    /// # Errors
    /// [`RankError::Absent`], if they are not set; [`RankError::Malformed`] and [`RankError::NoOrdinal`].
    pub(super) fn rank(self, env: Env<'_>) -> Result<Rank, RankError> {
        let (rank, size) = self.variables();
        let absent = |variable| {
            let others = Self::value_variants().iter().copied().filter(|other| *other != self && other.speaks(env));
            RankError::Absent { scheduler: self, variable, others: others.collect() }
        };
        let ordinal = || (self == Self::Kubernetes).then(|| ordinal(env)).flatten();
        let number = match number(env, rank)? {
            Some(number) => number,
            None => ordinal().ok_or_else(|| absent(rank))??,
        };
        let size = match self::number(env, size)? {
            None if self != Self::Kubernetes => return Err(absent(size)),
            size => size,
        };
        let is = |variable: &str, count: Option<usize>| {
            count.is_some() && env(variable).and_then(|value| value.trim().parse().ok()) == count
        };
        let one_host = match self {
            Self::Openmpi => is("OMPI_COMM_WORLD_LOCAL_SIZE", size),
            Self::Mpich => is("MPI_LOCALNRANKS", size),
            Self::Slurm => is("SLURM_STEP_NUM_NODES", Some(1)),
            Self::Torchrun => is("LOCAL_WORLD_SIZE", size) || env("MASTER_ADDR").is_some_and(|host| is_here(&host)),
            Self::Kubernetes => false,
        };
        let job = match self {
            Self::Openmpi => env("PMIX_NAMESPACE"),
            Self::Slurm => Some(format!(
                "{}.{}",
                env("SLURM_JOB_ID").unwrap_or_default(),
                env("SLURM_STEP_ID").unwrap_or_default()
            )),
            Self::Torchrun => env("TORCHELASTIC_RUN_ID"),
            Self::Mpich | Self::Kubernetes => None,
        };
        let job = job.map(|job| format!("{}-{job}", self.name()));
        Ok(Rank { scheduler: self, rank: number, size, one_host, job })
    }

    /// Whether its variable of our number is set, and is none that several set.
    fn speaks(self, env: Env<'_>) -> bool {
        env(self.variables().0).is_some()
    }
}

impl Rank {
    /// The party that we are.
    ///
    /// # Errors
    /// [`RankError::WrongSize`], if the job has not one process for each.
    pub(super) fn party<'a>(&self, roles: &[&'a str]) -> Result<&'a str, RankError> {
        let right = self.size.is_none_or(|size| size == roles.len());
        if let Some(name) = roles.get(self.rank).filter(|_| right) {
            return Ok(name);
        }
        let found = match self.size {
            Some(size) if !right => format!("the job has {size} processes"),
            _ => format!("this is the process of rank {}", self.rank),
        };
        let roles = roles.iter().map(|name| (*name).to_owned()).collect();
        Err(RankError::WrongSize { found, size: self.size, roles })
    }

    /// The port after which the parties of a job on one host listen.
    ///
    /// # Errors
    /// [`RankError::NoRoster`], if it is not certainly on one host, or there is no such port.
    pub(super) fn port(&self, env: Env<'_>) -> Result<u16, RankError> {
        if !self.one_host {
            return Err(RankError::NoRoster { problem: "that may be on several hosts" });
        }
        let expected = "a port with room for one more for each party after it";
        let Some(value) = env("MASTER_PORT") else {
            return Err(RankError::NoRoster { problem: "without MASTER_PORT" });
        };
        match value.trim().parse() {
            // As many as a program can have.
            Ok(port) if (1..=u16::MAX - 65).contains(&port) => Ok(port),
            _ => Err(RankError::Malformed { variable: "MASTER_PORT", value, expected }),
        }
    }
}

fn number(env: Env<'_>, variable: &'static str) -> Result<Option<usize>, RankError> {
    let Some(value) = env(variable) else { return Ok(None) };
    let number = value.trim().parse();
    number.map(Some).map_err(|_| RankError::Malformed { variable, value, expected: "a number" })
}

/// The number of a pod of a StatefulSet, which is at the end of its name; nothing outside of a cluster.
fn ordinal(env: Env<'_>) -> Option<Result<usize, RankError>> {
    env("KUBERNETES_SERVICE_HOST")?;
    let host = env("HOSTNAME").unwrap_or_default();
    let name = host.split('.').next().unwrap_or_default();
    let ordinal = name.rsplit_once('-').and_then(|(_, ordinal)| ordinal.parse().ok());
    Some(ordinal.ok_or(RankError::NoOrdinal { host }))
}

fn is_here(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAST: Cast<'static> = Cast { compute: &["Hospital", "Lab"], clients: &["Patient"] };

    /// Asks in an environment of `NAME=value` words.
    fn with<T>(words: &str, ask: impl FnOnce(Env<'_>) -> T) -> T {
        let find = |name: &str| {
            let mut pairs = words.split_whitespace().filter_map(|word| word.split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
        };
        ask(&find)
    }

    fn rank(scheduler: Scheduler, words: &str) -> Result<Rank, RankError> {
        with(words, |env| scheduler.rank(env))
    }

    const OPENMPI: &str =
        "OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=4 OMPI_COMM_WORLD_LOCAL_SIZE=4 PMIX_NAMESPACE=7@1";
    const SLURM: &str = "SLURM_PROCID=3 SLURM_NTASKS=4 SLURM_STEP_NUM_TASKS=4 SLURM_STEP_NUM_NODES=2 SLURM_JOB_ID=9 \
                         SLURM_STEP_ID=0";
    const TORCHRUN: &str = "RANK=0 WORLD_SIZE=4 LOCAL_WORLD_SIZE=2 MASTER_ADDR=node7 MASTER_PORT=29500";

    #[test]
    fn every_scheduler_says_rank_size_and_job() {
        let all = [
            (Scheduler::Openmpi, OPENMPI, 1, true, Some("openmpi-7@1")),
            (Scheduler::Mpich, "PMI_RANK=2 PMI_SIZE=4 MPI_LOCALNRANKS=4", 2, true, None),
            (Scheduler::Slurm, SLURM, 3, false, Some("slurm-9.0")),
            (Scheduler::Torchrun, TORCHRUN, 0, false, None),
        ];
        for (scheduler, words, number, one_host, job) in all {
            let expected = Rank { scheduler, rank: number, size: Some(4), one_host, job: job.map(str::to_owned) };
            assert_eq!(rank(scheduler, words), Ok(expected));
        }
        let index = rank(Scheduler::Kubernetes, "JOB_COMPLETION_INDEX=2").unwrap();
        assert_eq!((index.rank, index.size), (2, None));
        let pod = "KUBERNETES_SERVICE_HOST=10.96.0.1 HOSTNAME=parties-1";
        assert_eq!(rank(Scheduler::Kubernetes, pod).unwrap().rank, 1);
    }

    #[test]
    fn ranks_are_the_parties_then_the_clients_then_the_dealer() {
        let roles = roles(CAST, true);
        assert_eq!(roles, ["Hospital", "Lab", "Patient", "dealer"]);
        assert_eq!(rank(Scheduler::Openmpi, OPENMPI).unwrap().party(&roles), Ok("Lab"));
        assert_eq!(rank(Scheduler::Slurm, SLURM).unwrap().party(&roles), Ok("dealer"));
    }

    #[test]
    fn a_job_of_another_size_is_told_who_is_who() {
        let size =
            |cast, words| rank(Scheduler::Openmpi, words).unwrap().party(&roles(cast, true)).unwrap_err().to_string();
        let two = size(CAST, "OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2");
        assert_eq!(
            two,
            "the job has 2 processes, and this program needs 4: rank 0 is Hospital, rank 1 is Lab, rank 2 is Patient, rank 3 \
             is dealer"
        );
        let three = size(CAST, "OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=3");
        assert!(three.ends_with("give --dealer-elsewhere"), "{three}");
        let index =
            rank(Scheduler::Kubernetes, "JOB_COMPLETION_INDEX=4").unwrap().party(&roles(CAST, true)).unwrap_err();
        assert!(index.to_string().starts_with("this is the process of rank 4, and this program needs 4"), "{index}");
        // A job as large as it should be, in which somebody set our number.
        let beyond = size(CAST, "OMPI_COMM_WORLD_RANK=4 OMPI_COMM_WORLD_SIZE=4");
        assert!(beyond.starts_with("this is the process of rank 4"), "{beyond}");
    }

    #[test]
    fn what_is_not_there_is_named_with_what_is() {
        let absent = rank(Scheduler::Openmpi, SLURM).unwrap_err().to_string();
        assert!(
            absent.contains("OMPI_COMM_WORLD_RANK is not set") && absent.ends_with("--rank-from slurm"),
            "{absent}"
        );
        let nothing = rank(Scheduler::Torchrun, "").unwrap_err().to_string();
        assert!(nothing.contains("RANK is not set") && nothing.ends_with("not started by torchrun"), "{nothing}");
        // In a batch script, which runs once for the whole job.
        let batch = rank(Scheduler::Slurm, "SLURM_PROCID=0 SLURM_NTASKS=3").unwrap_err().to_string();
        assert!(batch.contains("SLURM_STEP_NUM_TASKS is not set"), "{batch}");
        let host = rank(Scheduler::Kubernetes, "HOSTNAME=node-2").unwrap_err();
        assert!(matches!(host, RankError::Absent { .. }), "a host outside of a cluster is no pod: {host}");
        let pod = rank(Scheduler::Kubernetes, "KUBERNETES_SERVICE_HOST=h HOSTNAME=web-7d4b9-x2x").unwrap_err();
        assert!(pod.to_string().contains("`web-7d4b9-x2x`"), "{pod}");
        let word = rank(Scheduler::Torchrun, "RANK=first WORLD_SIZE=3").unwrap_err().to_string();
        assert_eq!(word, "RANK is `first`, expected a number");
    }

    #[test]
    fn a_port_is_taken_on_one_host_only() {
        let port = |scheduler: Scheduler, words: &str| with(words, |env| scheduler.rank(env).unwrap().port(env));
        let here = TORCHRUN.replace("node7", "localhost");
        assert_eq!(port(Scheduler::Torchrun, &here), Ok(29500));
        assert_eq!(port(Scheduler::Torchrun, &TORCHRUN.replace("LOCAL_WORLD_SIZE=2", "LOCAL_WORLD_SIZE=4")), Ok(29500));
        assert_eq!(port(Scheduler::Openmpi, &format!("{OPENMPI} MASTER_PORT=7700")), Ok(7700));
        assert!(matches!(port(Scheduler::Torchrun, TORCHRUN), Err(RankError::NoRoster { .. })));
        assert!(matches!(port(Scheduler::Openmpi, OPENMPI), Err(RankError::NoRoster { .. })));
        assert!(matches!(port(Scheduler::Slurm, SLURM), Err(RankError::NoRoster { .. })));
        let high = port(Scheduler::Torchrun, &here.replace("29500", "65500"));
        assert!(matches!(high, Err(RankError::Malformed { variable: "MASTER_PORT", .. })), "{high:?}");
    }

    #[test]
    fn a_job_that_nobody_asked_about_is_seen() {
        assert_eq!(with(OPENMPI, unasked), Some((Scheduler::Openmpi, 4)));
        assert_eq!(with("SLURM_PROCID=0 SLURM_NTASKS=3", unasked), None);
        assert_eq!(with("RANK=0 WORLD_SIZE=1", unasked), None);
        assert_eq!(with("HOSTNAME=a-1", unasked), None);
    }
}
