"""Models of scikit-learn as skl2onnx writes them, and beside each what ONNX Runtime makes of some rows.

    python3 -m venv venv
    venv/bin/pip install numpy==2.4.6 onnx==1.23.2 onnxruntime==1.31.1 scikit-learn==1.9.1 skl2onnx==1.20.0
    venv/bin/python examples/data/onnx_sklearn.py mpc-nn/tests/onnx_models

NAME.npz has the rows (in0) and the outputs (out0, ..). Tables are scikit-learn's irises, wines and tumours: see NOTICE.md.
"""

import pathlib
import sys
import warnings

import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper
from skl2onnx import to_onnx
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import (BaggingClassifier, ExtraTreesRegressor, GradientBoostingClassifier, GradientBoostingRegressor,
                              StackingClassifier)
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (ElasticNet, LinearRegression, LogisticRegression, PoissonRegressor, RidgeClassifier,
                                  SGDClassifier)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import BernoulliNB, GaussianNB, MultinomialNB
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (MaxAbsScaler, MinMaxScaler, OneHotEncoder, PolynomialFeatures, PowerTransformer, RobustScaler,
                                   StandardScaler)
from sklearn.svm import SVC, LinearSVC, NuSVR
from sklearn.tree import DecisionTreeClassifier

OUT = pathlib.Path(sys.argv[1])
warnings.filterwarnings("ignore")
rng = np.random.default_rng(7)


OPSETS = {"": 18, "ai.onnx.ml": 3}


def keep(name, model, x, y, rows=12):
    model.fit(x, y)
    options = {id(model): {"zipmap": False}} if hasattr(model, "predict_proba") else None
    write(name, to_onnx(model, x[:1], options=options, target_opset=OPSETS), x, rows)


def write(name, proto, x, rows):
    data = proto.SerializeToString()
    session = ort.InferenceSession(data, providers=["CPUExecutionProvider"])
    given = x[rng.permutation(len(x))[:rows]]
    made = [np.asarray(y) for y in session.run(None, {session.get_inputs()[0].name: given})]
    arrays = {f"out{at}": y for at, y in enumerate(made) if y.dtype.kind in "fib"}
    (OUT / f"sklearn_{name}.onnx").write_bytes(data)
    np.savez_compressed(OUT / f"sklearn_{name}.npz", in0=given, **arrays)
    print(name, len(data), "bytes", sorted({node.op_type for node in proto.graph.node}))


def scaled(*steps):
    return make_pipeline(StandardScaler(), *steps)


def missing(x):
    """A number that stands for what is missing, which skl2onnx does not write."""
    info = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 4])
    node = helper.make_node("Imputer", ["X"], ["Y"], domain="ai.onnx.ml", imputed_value_floats=[5.0, 3.0, 4.0, 1.0],
                            replaced_value_float=-1.0)
    graph = helper.make_graph([node], "missing", [info("X")], [info("Y")])
    holes = np.where(rng.random(x.shape) < 0.2, np.float32(-1), x)
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    write("missing", helper.make_model(graph, opset_imports=opsets, ir_version=8), holes, 12)


def main():
    iris, wine = load_iris(), load_wine()
    table = lambda data: (data.data.astype(np.float32), data.target)
    keep("mlp", scaled(MLPClassifier((8, 6), max_iter=300, random_state=0)), *table(iris))
    keep("mlp_regression", scaled(MLPRegressor(hidden_layer_sizes=(8, 6), activation="tanh", max_iter=300, random_state=0)), *table(iris))
    keep("sgd", scaled(SGDClassifier(loss="log_loss", random_state=0)), *table(iris))
    keep("ridge", scaled(RidgeClassifier()), *table(iris))
    keep("elastic_net", make_pipeline(RobustScaler(), ElasticNet(alpha=0.01)), *table(iris))
    keep("poisson", scaled(PoissonRegressor()), *table(iris))
    keep("polynomial", scaled(PolynomialFeatures(2), LinearRegression()), *table(iris))
    keep("pca", scaled(PCA(3), LogisticRegression()), *table(wine))
    keep("select", make_pipeline(SimpleImputer(), SelectKBest(k=5), StandardScaler(), LogisticRegression()), *table(wine))
    scalers = ColumnTransformer([("a", MaxAbsScaler(), [0, 1]), ("b", MinMaxScaler(), [2])], remainder="passthrough")
    keep("columns", make_pipeline(scalers, LogisticRegression()), *table(iris))
    keep("svm_three_classes", scaled(SVC(kernel="linear")), *table(iris))
    keep("svm_regression", scaled(NuSVR(C=0.3)), *table(iris))
    keep("calibrated", CalibratedClassifierCV(LinearSVC(random_state=0), cv=2), *(part[50:] for part in table(iris)))
    keep("one_against_rest", OneVsRestClassifier(LogisticRegression()), *table(iris))
    keep("boosting_regression", GradientBoostingRegressor(n_estimators=5, max_depth=2, random_state=0), *table(iris))
    keep("boosting_three_classes", GradientBoostingClassifier(n_estimators=4, max_depth=2, random_state=0), *table(iris))
    keep("extra_trees", ExtraTreesRegressor(4, max_depth=4, random_state=0), *table(iris))
    keep("bagging", BaggingClassifier(DecisionTreeClassifier(max_depth=3), n_estimators=4, random_state=0), *table(iris))
    parts = [("a", LogisticRegression()), ("b", DecisionTreeClassifier(max_depth=3, random_state=0))]
    keep("stacking", StackingClassifier(parts), *table(iris))
    keep("gaussian_bayes", GaussianNB(), *table(iris))
    keep("bernoulli_bayes", scaled(BernoulliNB()), *table(iris))
    keep("multinomial_bayes", MultinomialNB(), *table(iris))
    keep("discriminant", LinearDiscriminantAnalysis(), *table(iris))
    keep("quadratic_discriminant", QuadraticDiscriminantAnalysis(), *table(iris))
    keep("k_means", KMeans(3, n_init=1, random_state=0), *table(iris))
    # Two classes with Platt's probabilities.
    x, y = table(iris)
    missing(x)
    keep("power", make_pipeline(PowerTransformer(), LogisticRegression()), x, y)
    keep("svm_probabilities", scaled(SVC(probability=True, C=0.2, random_state=0)), x[50:], y[50:])
    # A column of categories in a table of floats.
    x = np.column_stack([rng.integers(0, 4, 200), rng.normal(size=(200, 2))]).astype(np.float32)
    encoder = ColumnTransformer([("a", OneHotEncoder(handle_unknown="ignore"), [0]), ("b", StandardScaler(), [1, 2])])
    keep("one_hot", make_pipeline(encoder, LogisticRegression()), x, (x[:, 0] + x[:, 1] > 1.5).astype(int))


if __name__ == "__main__":
    main()
