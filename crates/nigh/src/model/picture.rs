//! The ladder as a picture: quality against milliseconds, a circle's area for memory.

use std::fmt::Write;

use nigh_engine::models::{LadderReport, Rung};

use super::ladder::{name, precision_name};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 520.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 60.0;
const LARGEST_CIRCLE: f64 = 34.0;
const SMALLEST_CIRCLE: f64 = 5.0;

/// From values to places in the picture.
struct Scale {
    ms: (f64, f64),
    quality: (f64, f64),
    largest: f64,
}

impl Scale {
    fn of(rungs: &[Rung]) -> Scale {
        let range = |values: &dyn Fn(&Rung) -> f64| {
            let values = rungs.iter().map(values);
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            })
        };
        let ms = range(&|rung| rung.speed.p50_ms.max(1e-3));
        let quality = range(&Rung::quality);
        let margin = ((quality.1 - quality.0) * 0.12).max(0.005);
        Scale {
            ms: (ms.0 / 1.6, ms.1 * 1.6),
            quality: (quality.0 - margin, quality.1 + margin),
            largest: range(&memory).1.max(1.0),
        }
    }

    /// Logarithmic: rungs differ by factors.
    fn x(&self, ms: f64) -> f64 {
        let share = (ms / self.ms.0).ln() / (self.ms.1 / self.ms.0).ln();
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, quality: f64) -> f64 {
        let share = (quality - self.quality.0) / (self.quality.1 - self.quality.0);
        HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
    }

    fn radius(&self, rung: &Rung) -> f64 {
        SMALLEST_CIRCLE + LARGEST_CIRCLE * (memory(rung) / self.largest).sqrt()
    }
}

fn memory(rung: &Rung) -> f64 {
    rung.weight_bytes as f64
}

/// A picture that any browser shows.
pub(super) fn svg(report: &LadderReport, relevant: Option<&str>) -> String {
    let scale = Scale::of(&report.rungs);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\" role=\"img\">\n\
         <title>Encoders: quality against time</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    );
    axes(&mut svg, &scale, report, relevant);
    front(&mut svg, &scale, &report.rungs);
    let recommended = report.recommended.map(|recommended| recommended.rung);
    // Large circles first, so that small ones stay in sight.
    let mut order: Vec<usize> = (0..report.rungs.len()).collect();
    order.sort_by(|a, b| memory(&report.rungs[*b]).total_cmp(&memory(&report.rungs[*a])));
    for at in order {
        circle(&mut svg, &scale, &report.rungs[at], recommended == Some(at));
    }
    svg.push_str("</svg>\n");
    svg
}

// Writing to a string cannot fail; the results of `write!` say nothing.

fn axes(svg: &mut String, scale: &Scale, report: &LadderReport, relevant: Option<&str>) {
    let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    let what = match relevant {
        Some(label) => format!("precision@10 by {}", escaped(label)),
        None => "recall@10 against the best rung".to_owned(),
    };
    let _ = write!(
        svg,
        "<text x=\"{LEFT}\" y=\"24\" font-size=\"15\">{what}, {} pictures; area: weights in memory</text>\n\
         <path d=\"M{LEFT} {TOP} V{bottom} H{right}\" fill=\"none\" stroke=\"#444\"/>\n\
         <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">milliseconds a picture on one core (median)</text>\n",
        report.pictures,
        (LEFT + right) / 2.0,
        HEIGHT - 14.0,
    );
    for ms in [
        0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0,
    ] {
        if ms > scale.ms.0 && ms < scale.ms.1 {
            let x = scale.x(ms);
            let _ = writeln!(
                svg,
                "<path d=\"M{x:.1} {bottom} v5\" stroke=\"#444\"/><text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{ms}</text>",
                bottom + 19.0
            );
        }
    }
    for step in 0..=5 {
        let quality = scale.quality.0 + (scale.quality.1 - scale.quality.0) * f64::from(step) / 5.0;
        let y = scale.y(quality);
        let _ = writeln!(
            svg,
            "<path d=\"M{LEFT} {y:.1} H{right}\" stroke=\"#e5e5e5\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{quality:.3}</text>",
            LEFT - 8.0,
            y + 4.0
        );
    }
}

/// A line through the rungs that are not beaten, from the fastest on.
fn front(svg: &mut String, scale: &Scale, rungs: &[Rung]) {
    let mut on_front: Vec<&Rung> = rungs.iter().filter(|rung| rung.on_front).collect();
    on_front.sort_by(|a, b| a.speed.p50_ms.total_cmp(&b.speed.p50_ms));
    let mut best = f64::NEG_INFINITY;
    let mut points = String::new();
    for rung in on_front {
        // Smaller embeddings are on the front without being better.
        if rung.quality() > best {
            best = rung.quality();
            let _ = write!(
                points,
                "{:.1},{:.1} ",
                scale.x(rung.speed.p50_ms),
                scale.y(best)
            );
        }
    }
    let _ = writeln!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"#0a7d4f\" stroke-dasharray=\"5 4\"/>",
        points.trim_end()
    );
}

fn circle(svg: &mut String, scale: &Scale, rung: &Rung, recommended: bool) {
    let (x, y) = (
        scale.x(rung.speed.p50_ms.max(1e-3)),
        scale.y(rung.quality()),
    );
    let radius = scale.radius(rung);
    let (fill, stroke) = match (recommended, rung.on_front) {
        (true, _) => ("#0a7d4f", "#04482d"),
        (false, true) => ("#7fc8a9", "#0a7d4f"),
        (false, false) => ("#c9ccd1", "#8a8f98"),
    };
    let label = format!(
        "{} {} {}",
        escaped(&name(rung)),
        precision_name(rung.precision),
        rung.dimension
    );
    // Labels on the side where there is room.
    let (anchor, beside) = match x > WIDTH * 0.72 {
        true => ("end", x - radius - 4.0),
        false => ("start", x + radius + 4.0),
    };
    let _ = writeln!(
        svg,
        "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"{fill}\" fill-opacity=\"0.75\" stroke=\"{stroke}\"/>\
         <text x=\"{beside:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{label}</text>",
        y + 4.0
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
