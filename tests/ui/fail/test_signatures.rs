use mpc::prelude::*;

#[mpc::test]
fn not_async(s: Session) {
    let _ = s;
    std::future::ready(()).await;
}

#[mpc::test]
async fn no_session() {}

#[mpc::test]
async fn a_reference(s: &Session) {
    let _ = s;
}

#[mpc::test]
async fn too_many(s: Session, n: usize) {
    let _ = (s, n);
}

#[mpc::test]
async fn generic<T: Default>(s: Session) {
    let _ = (s, T::default());
}

#[mpc::test]
async fn method(&self) {}

#[mpc::test]
#[test]
async fn twice(s: Session) {
    let _ = s;
}

#[mpc::test]
mod tests {}

fn main() {}
