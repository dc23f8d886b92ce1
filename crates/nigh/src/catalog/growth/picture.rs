//! The curves of growth as a picture: time against size, both logarithmic, so that a power law is a line and its power the slope.

use std::fmt::Write;

use nigh_engine::growth::{Curve, Growth, Strategy};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 540.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 190.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 60.0;
/// Lines go on, dashed, to so many times the largest size.
const BEYOND: f64 = 100.0;

/// From sizes and microseconds to places in the picture.
struct Scale {
    images: (f64, f64),
    us: (f64, f64),
}

impl Scale {
    fn of(growth: &Growth) -> Scale {
        let points = growth.curves.iter().flat_map(|curve| &curve.points);
        let mut scale = Scale {
            images: (f64::INFINITY, 1.0),
            us: (f64::INFINITY, 1e-3),
        };
        for point in points {
            let (images, us) = (point.images as f64, point.latency_us.max(1e-3));
            scale.images = (scale.images.0.min(images), scale.images.1.max(images));
            scale.us = (scale.us.0.min(us), scale.us.1.max(us));
        }
        scale.images.1 *= BEYOND;
        let laws = growth.curves.iter().filter_map(|curve| curve.time);
        for law in laws {
            scale.us.1 = scale.us.1.max(law.at(scale.images.1));
        }
        scale.us = (scale.us.0 / 1.5, scale.us.1 * 1.5);
        scale
    }

    fn x(&self, images: f64) -> f64 {
        let share = (images / self.images.0).ln() / (self.images.1 / self.images.0).ln();
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, us: f64) -> f64 {
        let share = (us / self.us.0).ln() / (self.us.1 / self.us.0).ln();
        HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
    }
}

/// A picture that any browser shows.
pub(super) fn svg(growth: &Growth) -> String {
    let scale = Scale::of(growth);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\" role=\"img\">\n\
         <title>How searches slow down as the collection grows</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    );
    axes(&mut svg, &scale, growth);
    growth
        .curves
        .iter()
        .for_each(|curve| draw(&mut svg, &scale, curve));
    labels(&mut svg, &scale, &growth.curves);
    svg.push_str("</svg>\n");
    svg
}

fn colour(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Scan => "#8a8f98",
        Strategy::Rough => "#b35c00",
        Strategy::Grid => "#7048b6",
        Strategy::Ivf => "#1664b0",
        Strategy::Staged => "#0a7d4f",
    }
}

// Writing to a string cannot fail; the results of `write!` say nothing.

fn axes(svg: &mut String, scale: &Scale, growth: &Growth) {
    let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    let _ = write!(
        svg,
        "<text x=\"{LEFT}\" y=\"24\" font-size=\"15\">Microseconds of one core for a query at a recall of {}, {} dimensions; dashed: by the fitted power</text>\n\
         <path d=\"M{LEFT} {TOP} V{bottom} H{right}\" fill=\"none\" stroke=\"#444\"/>\n\
         <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">images</text>\n",
        growth.recall,
        growth.dimension,
        (LEFT + right) / 2.0,
        HEIGHT - 14.0,
    );
    for power in powers(scale.images) {
        let x = scale.x(power);
        let _ = writeln!(
            svg,
            "<path d=\"M{x:.1} {TOP} V{bottom}\" stroke=\"#e5e5e5\"/><text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            bottom + 19.0,
            round(power),
        );
    }
    for power in powers(scale.us) {
        let y = scale.y(power);
        let _ = writeln!(
            svg,
            "<path d=\"M{LEFT} {y:.1} H{right}\" stroke=\"#e5e5e5\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{} µs</text>",
            LEFT - 8.0,
            y + 4.0,
            round(power),
        );
    }
}

/// Powers of ten within a range.
fn powers((low, high): (f64, f64)) -> impl Iterator<Item = f64> {
    let (first, last) = (low.log10().ceil() as i32, high.log10().floor() as i32);
    (first..=last).map(|power| 10_f64.powi(power))
}

fn round(value: f64) -> String {
    match value {
        value if value >= 1e9 => format!("{}G", value / 1e9),
        value if value >= 1e6 => format!("{}M", value / 1e6),
        value if value >= 1e3 => format!("{}k", value / 1e3),
        value => format!("{value}"),
    }
}

fn draw(svg: &mut String, scale: &Scale, curve: &Curve) {
    let colour = colour(curve.strategy);
    let place = |images: usize, us: f64| (scale.x(images as f64), scale.y(us.max(1e-3)));
    let mut line = String::new();
    for point in &curve.points {
        let (x, y) = place(point.images, point.latency_us);
        let _ = write!(line, "{x:.1},{y:.1} ");
        // Hollow where the recall was not reached.
        let fill = if point.reaches { colour } else { "#ffffff" };
        let _ = writeln!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{fill}\" stroke=\"{colour}\"><title>{}: {} images, {:.1} µs, recall {:.3}</title></circle>",
            curve.strategy.name(),
            point.images,
            point.latency_us,
            point.recall_at_10,
        );
    }
    let _ = writeln!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
        line.trim_end()
    );
    if let (Some(law), Some(largest)) = (curve.time, curve.points.last()) {
        let (x, y) = place(largest.images, law.at(largest.images as f64));
        let (end, far) = (scale.images.1, law.at(scale.images.1));
        let _ = writeln!(
            svg,
            "<path d=\"M{x:.1} {y:.1} L{:.1} {:.1}\" stroke=\"{colour}\" stroke-width=\"1.5\" stroke-dasharray=\"5 4\"/>",
            scale.x(end),
            scale.y(far),
        );
    }
}

const LINE: f64 = 16.0;

/// Names at the lines' ends, pushed apart where they would lie upon each other.
fn labels(svg: &mut String, scale: &Scale, curves: &[Curve]) {
    let mut places: Vec<(f64, &Curve)> = curves
        .iter()
        .filter_map(|curve| {
            let last = curve.points.last()?;
            let us = match curve.time {
                Some(law) => law.at(scale.images.1),
                None => last.latency_us,
            };
            Some((scale.y(us.max(1e-3)), curve))
        })
        .collect();
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut above = f64::NEG_INFINITY;
    for (y, curve) in places {
        let y = y.max(above + LINE);
        above = y;
        let power = curve
            .time
            .map_or(String::new(), |law| format!(", power {:.2}", law.exponent));
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{}\">{}{power}</text>",
            WIDTH - RIGHT + 8.0,
            y + 4.0,
            colour(curve.strategy),
            curve.strategy.name(),
        );
    }
}
