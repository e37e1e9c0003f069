use mpc::prelude::*;

parties! {
    compute Hospital, Lab;
    client Patient, Lab;
    observer Auditor;
}

fn main() {
    let _ = (Hospital, Lab, Patient, Auditor);
}
