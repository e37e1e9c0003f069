use mpc::prelude::*;

parties! { compute Hospital, Lab; }

fn product(a: &Tensor<Private<Hospital>>, b: &Tensor<Private<Lab>>) {
    let _ = a * b; //~ belong to different owners //~ call `.share()` on both
}

fn sum(a: Tensor<Private<Hospital>>, b: Tensor<Private<Lab>>) {
    let _ = a + b; //~ belong to different owners //~ call `.share()` on both
}

fn matrix_product(a: &Tensor<Private<Hospital>>, b: &Tensor<Private<Lab>>) {
    let _ = a.matmul(b); //~ belong to different owners //~ call `.share()` on both
}

fn table(a: &Tensor<Private<Hospital>>, b: &Tensor<Private<Lab>>) {
    let _ = a.concat(b, 1); //~ belong to different owners //~ call `.share()` on both
}

fn main() {
    let _ = (product, sum, matrix_product, table);
}
