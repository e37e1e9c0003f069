//! `mpc serve` and `mpc predict` as an operator uses them: a dealer, two servers, guests, all over TLS.

use std::{
    fs,
    io::Write,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use mpc_comm::{
    Identity, Member, Roster,
    gateway::{Guest, Service},
};
use mpc_nn::StateDict;
use ndarray::{ArrayD, IxDyn};

const PATIENCE: Duration = Duration::from_secs(30);

struct Running(Child);

impl Running {
    /// Waits for the end, which must be good.
    fn end(mut self) {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.0.try_wait().unwrap() {
                assert!(status.success(), "{status}");
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("it does not end");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn mpc(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mpc"));
    command.current_dir(folder).args(args).env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

/// A folder with a roster, identities, and a model of two layers.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let held: Vec<TcpListener> = (0..5).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let address = |at: usize| held[at].local_addr().unwrap().to_string();
    let pin = |name: &str| {
        let identity = Identity::create(name, 1, folder.path().join(format!("{name}.identity"))).unwrap();
        Some(identity.certificate().fingerprint)
    };
    let member = |name: &str, at| Member { name: name.to_owned(), address: address(at), fingerprint: pin(name) };
    let roster = Roster {
        compute: vec![member("North", 0), member("South", 1)],
        clients: Vec::new(),
        dealer: Some(member("dealer", 2)),
    };
    let guests = ["patient", "doctor"].map(|name| Guest { name: name.to_owned(), fingerprint: pin(name) }).into();
    let service = Service { roster, gateways: vec![address(3), address(4)], guests };
    fs::write(folder.path().join("roster.toml"), service.to_toml()).unwrap();
    let array = |shape: &[usize], values: &[f64]| ArrayD::from_shape_vec(IxDyn(shape), values.to_vec()).unwrap();
    let model: StateDict = [
        ("0.weight", array(&[2, 4], &[1.0, 0.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0])),
        ("0.bias", array(&[2], &[0.5, 0.0])),
        ("2.weight", array(&[3, 2], &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0])),
    ]
    .into_iter()
    .collect();
    model.write(folder.path().join("model.safetensors")).unwrap();
    folder
}

fn predict(folder: &Path, who: &str, args: &[&str]) -> Output {
    let identity = format!("{who}.identity");
    let mut all = vec!["predict", "--roster", "roster.toml", "--identity", &identity];
    all.extend(args);
    let start = Instant::now();
    loop {
        let output = mpc(folder, &all).output().unwrap();
        // The servers are only starting.
        let early = String::from_utf8_lossy(&output.stderr).contains("cannot be reached");
        if !early || start.elapsed() > PATIENCE {
            return output;
        }
    }
}

#[track_caller]
fn said(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
    path
}

/// A dealer and two servers, one of them with the model.
fn start(folder: &Path, model: &str, more: &[&str]) -> (Running, [Running; 2]) {
    let start = |args: &[&str]| Running(mpc(folder, args).spawn().unwrap());
    let dealer = start(&["dealer", "--roster", "roster.toml", "--identity", "dealer.identity"]);
    let serve = |name: &str, model: &[&str]| {
        let identity = format!("{name}.identity");
        let mut args = vec!["serve", "--roster", "roster.toml", "--party", name, "--identity", &identity];
        args.extend(["--max-batch", "2"]);
        args.extend(more);
        args.extend(model);
        start(&args)
    };
    (dealer, [serve("North", &[]), serve("South", &["--model", model])])
}

#[cfg(unix)]
#[test]
fn a_server_that_is_told_to_stop_answers_first_and_the_others_end_too() {
    let folder = folder();
    let folder = folder.path();
    let (_dealer, servers) = start(folder, "model.safetensors", &[]);
    write(folder, "rows.csv", "a,b,c,d\n1,-2,0,0\n");
    said(predict(folder, "patient", &["--input", "rows.csv"]));
    // The one that does not lead: it says so in the next round.
    let south = servers[1].0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &south]).status().unwrap().success());
    // Whoever asks now gets an answer or is refused, and waits for nobody.
    let late = predict(folder, "patient", &["--input", "rows.csv"]);
    let why = String::from_utf8_lossy(&late.stderr).into_owned();
    assert!(late.status.success() || why.contains("stopped") || why.contains("cannot be reached"), "{why}");
    servers.into_iter().for_each(Running::end);
}

#[cfg(unix)]
#[test]
fn guests_change_while_servers_run() {
    let folder = folder();
    let folder = folder.path();
    let roster = fs::read_to_string(folder.join("roster.toml")).unwrap();
    let without = |name: &str| {
        let mut service = Service::from_toml(&roster, "test").unwrap();
        service.guests.retain(|guest| guest.name != name);
        fs::write(folder.join("roster.toml"), service.to_toml()).unwrap();
    };
    // A guest needs a file with itself in it.
    fs::write(folder.join("all.toml"), &roster).unwrap();
    let ask = |who: &str| {
        let identity = format!("{who}.identity");
        let args = ["predict", "--roster", "all.toml", "--identity", &identity, "--input", "rows.csv"];
        mpc(folder, &args).output().unwrap().status.success()
    };
    let until = |who: &str, answered: bool| {
        let start = Instant::now();
        while ask(who) != answered {
            assert!(start.elapsed() < 4 * PATIENCE, "{who} is not answered: {answered}");
        }
    };
    write(folder, "rows.csv", "a,b,c,d\n1,-2,0,0\n");
    without("doctor");
    let (_dealer, servers) = start(folder, "model.safetensors", &[]);
    let hang_up = || {
        for server in &servers {
            assert!(Command::new("kill").args(["-HUP", &server.0.id().to_string()]).status().unwrap().success());
        }
    };
    until("patient", true);
    assert!(!ask("doctor"));

    // A file that is no roster changes nothing.
    fs::write(folder.join("roster.toml"), "what?").unwrap();
    hang_up();
    thread::sleep(Duration::from_millis(100));
    assert!(ask("patient") && !ask("doctor"));
    fs::write(folder.join("roster.toml"), &roster).unwrap();
    hang_up();
    until("doctor", true);
    without("patient");
    hang_up();
    until("patient", false);
    assert!(ask("doctor"), "who is on the list stays");
}

/// The scores that were printed.
fn scores(text: &str) -> Vec<Vec<f64>> {
    let score = |score: &str| score.split(' ').nth(1).unwrap().parse().unwrap();
    text.lines().map(|line| line.split("  ").map(score).collect()).collect()
}

#[track_caller]
fn assert_close(found: &[Vec<f64>], right: &[Vec<f64>], tolerance: f64) {
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), right.iter().map(Vec::len).collect::<Vec<_>>());
    for (found, right) in found.iter().flatten().zip(right.iter().flatten()) {
        assert!((found - right).abs() < tolerance, "{found} is not {right}");
    }
}

#[test]
fn a_network_from_an_onnx_file_is_served() {
    let folder = folder();
    let folder = folder.path();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mpc-nn/tests/onnx_models");
    let arrays = mpc_nn::data::npy::read_npz(models.join("lenet.npz")).unwrap();
    let array = |name: &str| {
        let array = &arrays.iter().find(|(other, _)| other == name).unwrap().1;
        array.outer_iter().map(|row| row.iter().copied().collect()).collect::<Vec<Vec<f64>>>()
    };
    let mut table = (0..144).map(|at| format!("x{at}")).collect::<Vec<_>>().join(",");
    for row in array("in0") {
        table = table + "\n" + &row.iter().map(f64::to_string).collect::<Vec<_>>().join(",");
    }
    write(folder, "in.csv", &table);
    let model = models.join("lenet.onnx").display().to_string();
    let (_dealer, servers) = start(folder, &model, &["--requests", "1"]);
    let text = said(predict(folder, "patient", &["--input", "in.csv"]));
    assert_close(&scores(&text), &array("out0"), 0.01);
    servers.into_iter().for_each(Running::end);
}

#[test]
fn a_model_is_served_to_guests() {
    let folder = folder();
    let folder = folder.path();
    let (_dealer, servers) = start(folder, "model.safetensors", &["--requests", "5"]);

    // Three rows are two requests. First x0 + 0.5 where positive, then -x1 where positive; their sum last.
    write(folder, "rows.csv", "a,b,c,d\n1,-2,0,0\n-1,-2,9,9\n3,1,0,0\n");
    let text = said(predict(folder, "patient", &["--input", "rows.csv"]));
    assert_close(&scores(&text), &[vec![1.5, 2.0, 3.5], vec![0.0, 2.0, 2.0], vec![3.5, 0.0, 3.5]], 1e-3);

    // A picture of the 2 x 2 that the model takes, with names of classes, as JSON.
    image::GrayImage::from_raw(2, 2, vec![255, 0, 0, 0]).unwrap().save(folder.join("scan.png")).unwrap();
    write(folder, "labels.txt", "well\nill\nunclear\n");
    let args = ["--input", "scan.png", "--softmax", "--top-k", "2", "--labels", "labels.txt", "--json"];
    let json: serde_json::Value = serde_json::from_str(&said(predict(folder, "patient", &args))).unwrap();
    assert_eq!(json[0].as_array().unwrap().len(), 2);
    assert!((json[0][0]["score"].as_f64().unwrap() - 0.449).abs() < 0.01, "{json}");
    assert!(["well", "unclear"].contains(&json[0][0]["class"].as_str().unwrap()), "{json}");

    // What cannot be asked is refused here, with advice, before it is a request.
    write(folder, "short.csv", "a,b\n1,2\n");
    let refused = predict(folder, "patient", &["--input", "short.csv"]);
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && why.contains("shape [1, 2]") && why.contains("[4]"), "{why}");
    let stranger = predict(folder, "patient", &["--input", "rows.csv", "--name", "doctor"]);
    let why = String::from_utf8_lossy(&stranger.stderr).into_owned();
    assert!(!stranger.status.success() && why.contains("names no guest `doctor`"), "{why}");

    // For the doctor, who alone gets it.
    let number = said(predict(folder, "patient", &["--input", "scan.png", "--receiver", "doctor"]));
    let number = number.trim();
    assert!(!predict(folder, "patient", &["--fetch", number]).status.success());
    assert!(said(predict(folder, "doctor", &["--fetch", number])).starts_with("0 1.5"));

    // The fifth request is the last.
    said(predict(folder, "doctor", &["--input", "scan.png"]));
    servers.into_iter().for_each(Running::end);
}
