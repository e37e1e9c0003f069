use mpc::prelude::*;

parties! { compute Hospital, Lab; }

fn product(a: &Tensor<Private<Hospital>>, b: &Tensor<Private<Lab>>) {
    let _ = a * b;
}

fn sum(a: Tensor<Private<Hospital>>, b: Tensor<Private<Lab>>) {
    let _ = a + b;
}

fn matrix_product(a: &Tensor<Private<Hospital>>, b: &Tensor<Private<Lab>>) {
    let _ = a.matmul(b);
}

fn table(a: &Tensor<Private<Hospital>>, b: &Tensor<Private<Lab>>) {
    let _ = a.concat(b, 1);
}

fn main() {
    let _ = (product, sum, matrix_product, table);
}
