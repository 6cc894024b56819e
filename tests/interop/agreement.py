"""Compares `agreement` with other people's statistics on 200 random tables of ratings, degenerate ones among them.

    python tests/interop/agreement.py target/debug/holotype [TABLES]

Needs scikit-learn, statsmodels, krippendorff and pingouin (PyPI). Every figure is within 1e-6, or both sides have none: ours
is null with a reason then, never 0 or NaN. A quarter as many random screenings are compared, too: matched objects with the
assignment of scipy, ICC(2,1) with pingouin. Prints counts; exits 1 on a difference.
"""

import json
import math
import sys
import warnings

import krippendorff
import numpy as np
import pandas
import pingouin
import sklearn.metrics
from holotype_cli import Check, Repository
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa

TOLERANCE = 1e-6
KINDS = ["any", "one class", "empty", "one annotator", "all missing", "two annotators", "complete", "many missing"]


def table(random, number):
    """Labels (rows: annotators, columns: annotations, -1: missing) and how many labels there are."""
    kind = KINDS[number % len(KINDS)]
    labels = int(random.integers(2, 6))
    raters = {"one annotator": 1, "two annotators": 2}.get(kind, int(random.integers(2, 6)))
    items = 0 if kind == "empty" else int(random.integers(1, 60))
    truth = random.integers(0, labels, items)
    agreeing = random.random((raters, items)) < random.uniform(0.0, 1.0)
    ratings = np.where(agreeing, truth, random.integers(0, labels, (raters, items)))
    if kind == "one class":
        ratings[:] = random.integers(0, labels)
    missing = {"complete": 0.0, "many missing": 0.8, "all missing": 1.0}.get(kind, random.uniform(0.0, 0.5))
    return np.where(random.random((raters, items)) < missing, -1, ratings), labels


def recorded(repository, ratings, labels, images):
    """Records a table: annotations without an opinion first, then what each annotator says."""
    lines = [{"command": "define_label", "name": f"label {n}"} for n in range(labels)]
    lines += [{"command": "declare", "image": f"{n}.tiff"} for n in range(images)]
    for n in range(ratings.shape[1]):
        place = {"type": "point", "x": n, "y": 0}
        lines.append({"command": "annotate", "image": f"{n % images}.tiff", "geometry": place})
    annotations = repository.record(lines)["annotations"]
    lines = []
    for rater, row in enumerate(ratings):
        for annotation, label in zip(annotations, row):
            said = None if label < 0 else f"label {label}"
            lines.append({"command": "rate", "annotation": annotation, "label": said, "annotator": f"A{rater}"})
    if lines:
        repository.record(lines)


class Figures:
    """Holds ours against theirs."""

    def __init__(self, check):
        self.check = check
        self.undefined = 0

    def same(self, what, ours, theirs, reason):
        """Compares a figure; `theirs` is None where it is not defined."""
        theirs = None if theirs is None or not math.isfinite(theirs) else float(theirs)
        if theirs is None:
            self.undefined += 1
            self.check.equal(f"{what}: undefined", ours, None)
            self.check.equal(f"{what}: has a reason", bool(reason), True)
        elif ours is None:
            self.check.equal(what, ours, theirs)
        else:
            self.check.near(what, [ours], [theirs], TOLERANCE)

    def interval(self, what, ours, theirs):
        """Compares an interval; None where it is not defined."""
        if theirs is None:
            self.check.equal(f"{what}: undefined", ours, None)
        else:
            self.check.near(what, ours or [], theirs, TOLERANCE)


def kappa(matrix, weight):
    """Cohen's kappa and its interval by statsmodels; None where both gave one and the same label."""
    if matrix.sum() == 0 or matrix.max() == matrix.sum() and matrix.trace() == matrix.sum():
        return None, None
    result = cohens_kappa(matrix, wt=weight)
    half = 1.959963984540054 * math.sqrt(max(result.var_kappa, 0.0))
    return result.kappa, [result.kappa - half, result.kappa + half]


def compare_pairs(figures, where, report, ratings, labels, weight, positive):
    """Compares each pair of annotators with scikit-learn and statsmodels."""
    names = {code: n for n, code in enumerate(f"human-{n + 1}" for n in range(len(ratings)))}
    active = [n for n in range(len(ratings)) if (ratings[n] >= 0).any()]
    found = [(names[pair["a"]], names[pair["b"]]) for pair in report["pairs"]]
    figures.check.equal(f"{where}: pairs", found, [(a, b) for a in active for b in active if a < b])
    for pair in report["pairs"]:
        a, b = ratings[names[pair["a"]]], ratings[names[pair["b"]]]
        both = (a >= 0) & (b >= 0)
        a, b = a[both], b[both]
        what = f"{where}, {pair['a']} {pair['b']}"
        reasons = pair["undefined"]
        matrix = np.zeros((labels, labels), dtype=int)
        if len(a):
            matrix = sklearn.metrics.confusion_matrix(a, b, labels=range(labels))
        figures.check.equal(f"{what}: table", pair["table"], matrix.tolist())
        agree = sklearn.metrics.accuracy_score(a, b) if len(a) else None
        figures.same(f"{what}: agreement", pair["percent_agreement"], agree, reasons.get("percent_agreement"))
        theirs, interval = kappa(matrix, weight)
        if theirs is not None:
            again = sklearn.metrics.cohen_kappa_score(a, b, labels=range(labels), weights=weight)
            figures.check.near(f"{what}: they agree", [theirs], [again], TOLERANCE)
        figures.same(f"{what}: kappa", pair["cohen_kappa"], theirs, reasons.get("cohen_kappa"))
        figures.interval(f"{what}: kappa's interval", pair["cohen_kappa_ci"], interval)
        for name, of in (("f1", sklearn.metrics.f1_score), ("jaccard", sklearn.metrics.jaccard_score)):
            is_given = len(a) > 0 and ((a == positive) | (b == positive)).any()
            theirs = of(a == positive, b == positive) if is_given else None
            figures.same(f"{what}: {name}", pair[name], theirs, reasons.get(name))


def compare_all(figures, where, report, ratings, labels):
    """Compares alpha with the package krippendorff and Fleiss' kappa with statsmodels."""
    active = [n for n in range(len(ratings)) if (ratings[n] >= 0).any()]
    ratings = ratings[active]
    counts = np.array([(ratings == label).sum(axis=0) for label in range(labels)]).T.reshape(-1, labels)
    pairable = counts[counts.sum(axis=1) >= 2]
    has_alpha = (pairable.sum(axis=0) > 0).sum() > 1
    reasons = report["undefined"]
    for metric in ("nominal", "ordinal", "interval"):
        name = "krippendorff_alpha" if metric == "nominal" else f"krippendorff_alpha_{metric}"
        theirs = None
        if has_alpha:
            theirs = krippendorff.alpha(
                value_counts=pairable, value_domain=list(range(labels)), level_of_measurement=metric
            )
        figures.same(f"{where}: {name}", report[name], theirs, reasons.get(name))
    whole = counts[counts.sum(axis=1) == len(active)]
    figures.check.equal(f"{where}: rated by all", report["fleiss_items"], len(whole) if active else 0)
    theirs = None
    if len(active) > 1 and (whole.sum(axis=0) > 0).sum() > 1:
        theirs = fleiss_kappa(whole, method="fleiss")
    figures.same(f"{where}: Fleiss", report["fleiss_kappa"], theirs, reasons.get("fleiss_kappa"))


def screenings(random, number):
    """By image and annotator, the places that were marked."""
    raters = int(random.integers(2, 4))
    # With two images and two annotators pingouin finds too little to compute from.
    images = int(random.choice([1, 3, 4, 5, 6, 7]))
    mean = 0 if number % 10 == 0 else random.uniform(0.5, 12)
    counts = np.full((images, raters), 3) if number % 10 == 1 else random.poisson(mean, (images, raters))
    places = np.array([(x, y) for x in range(120) for y in range(120)])
    return [[random.choice(places, count, replace=False) for count in row] for row in counts]


def record_screenings(repository, marked):
    """Records that each searched each image, and what each marked alone."""
    lines = [{"command": "define_label", "name": "mitosis"}]
    for image, by_rater in enumerate(marked):
        lines.append({"command": "declare", "image": f"{image}.tiff"})
        for rater, places in enumerate(by_rater):
            by = {"annotator": f"A{rater}", "image": f"{image}.tiff"}
            lines.append({"command": "screen", **by})
            for x, y in places.tolist():
                place = {"type": "point", "x": x, "y": y}
                lines.append({"command": "annotate", "geometry": place, "label": "mitosis", **by})
    repository.record(lines)


def matched(a, b, radius):
    """How many pairs within the radius there can be at most, by scipy."""
    if not len(a) or not len(b):
        return 0
    apart = cdist(a, b)
    far = 1e6
    rows, columns = linear_sum_assignment(np.where(apart <= radius, apart, far))
    return int((apart[rows, columns] <= radius).sum())


def icc(counts):
    """ICC(2,1) by pingouin: the line that newer versions call ICC(A,1)."""
    if counts.shape[0] < 2 or (counts == counts.flat[0]).all():
        return None
    rows = [(image, rater, float(count)) for (image, rater), count in np.ndenumerate(counts)]
    frame = pandas.DataFrame(rows, columns=["image", "rater", "count"])
    table = pingouin.intraclass_corr(frame, targets="image", raters="rater", ratings="count")
    return table.set_index("Type").ICC.filter(items=["ICC2", "ICC(A,1)"]).iloc[0]


def compare_screenings(figures, where, report, marked, radius):
    """Compares objects of each two annotators, and counts per image of all."""
    raters = range(len(marked[0]))
    objects = report["objects"]
    figures.check.equal(f"{where}: pairs", len(objects["pairs"]), sum(1 for a in raters for b in raters if a < b))
    for pair in objects["pairs"]:
        a, b = (int(pair[side].split("-")[1]) - 1 for side in "ab")
        what = f"{where}, {pair['a']} {pair['b']}"
        of = [[row[rater] for row in marked] for rater in (a, b)]
        both = sum(matched(one, other, radius) for one, other in zip(*of))
        total = sum(len(places) for rater in of for places in rater)
        figures.check.equal(f"{what}: matched", [pair["matched_a"], pair["matched_b"]], [both, both])
        theirs = 2 * both / total if total else None
        figures.same(f"{what}: F1", pair["f1"], theirs, pair["undefined"].get("f1"))
        two = np.array([[len(places) for places in rater] for rater in of]).T
        theirs = icc(two)
        figures.same(f"{what}: ICC(2,1)", pair["icc_2_1"], theirs, pair["undefined"].get("icc_2_1"))
    counts = np.array([[len(places) for places in row] for row in marked])
    figures.same(f"{where}: ICC(2,1)", objects["icc_2_1"], icc(counts), objects["undefined"].get("icc_2_1"))


def main():
    """Goes through all tables, then through all screenings."""
    if len(sys.argv) not in (2, 3):
        print(__doc__)
        return 2
    warnings.simplefilter("ignore")
    check = Check()
    figures = Figures(check)
    random = np.random.default_rng(20261126)
    tables = int(sys.argv[2]) if len(sys.argv) == 3 else 200
    for number in range(tables):
        ratings, labels = table(random, number)
        images = int(random.integers(1, 6))
        weight = [None, "linear", "quadratic"][int(random.integers(0, 3))]
        positive = int(random.integers(0, labels))
        with Repository(sys.argv[1]) as repository:
            recorded(repository, ratings, labels, images)
            names = [f"label {n}" for n in range(labels)]
            choices = ["--positive", names[positive], "--order", ",".join(names)]
            report = repository.json("agreement", "DRAFT", *choices, "--weights", weight or "nominal")
        where = f"table {number} ({KINDS[number % len(KINDS)]})"
        check.equal(f"{where}: no NaN", "NaN" in json.dumps(report), False)
        compare_pairs(figures, where, report, ratings, labels, weight, positive)
        compare_all(figures, where, report, ratings, labels)
    for number in range(max(tables // 4, 1)):
        marked = screenings(random, number)
        radius = int(random.integers(1, 30))
        with Repository(sys.argv[1]) as repository:
            record_screenings(repository, marked)
            report = repository.json("agreement", "DRAFT", "--match-radius", f"{radius}px")
        compare_screenings(figures, f"screenings {number}", report, marked, radius)
    check.equal("some figures are not defined", figures.undefined > 0, True)
    print(f"agreement: {tables} tables, {figures.undefined} figures that are not defined")
    return check.end("agreement")


if __name__ == "__main__":
    sys.exit(main())
