//! How does one show a whole run to somebody?
//!
//! As one HTML file that needs nothing else: no network, no other file. Without scripts the slider
//! does not move and the rest is there.

use std::fmt::Write;
use std::fs;

use gan::Finding;
use serde::Serialize;
use serde_json::Value;

use crate::training::{self, METRICS, Numbers, four_digits};
use crate::{Error, RunFolder, read_metrics, write_whole};

/// Pictures behind the slider, at most.
const PICTURES: usize = 60;

/// Steps whose mean stands beside the last step's numbers.
const LATEST: usize = 100;

const STYLE: &str = "\
    :root { color-scheme: light; }\n\
    body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff;\n\
    \x20 max-width: 60rem; margin: 0 auto; padding: 1rem; }\n\
    h1 { font-size: 1.6rem; margin: 0 0 .2rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }\n\
    svg, img { max-width: 100%; height: auto; display: block; }\n\
    img { background: #eee; } .enlarged { image-rendering: pixelated; width: 484px; }\n\
    table { border-collapse: collapse; } .wide { overflow-x: auto; }\n\
    th, td { text-align: left; padding: .2rem 1rem .2rem 0; border-bottom: 1px solid #ddd;\n\
    \x20 vertical-align: top; overflow-wrap: anywhere; } th { font-weight: 600; }\n\
    th:first-child { white-space: nowrap; }\n\
    td.number { font-variant-numeric: tabular-nums; }\n\
    pre { background: #f4f4f4; padding: .6rem .8rem; overflow-x: auto; font-size: .9rem; }\n\
    input[type=range] { width: 484px; max-width: 100%; height: 2rem; }\n\
    .columns { display: flex; flex-wrap: wrap; gap: 0 3rem; }\n";

const SCRIPT: &str = "\
    const slider = document.getElementById('slider');\n\
    const show = () => {\n\
    \x20 const [step, source] = pictures[slider.value];\n\
    \x20 document.getElementById('picture').src = source;\n\
    \x20 document.getElementById('step').textContent = step;\n\
    };\n\
    slider.addEventListener('input', show);\n";

/// Writes `report.html` from what a run has left in its folder: what it was started with, its
/// curves, its pictures behind a slider, its last numbers, what the doctor found, if anything, what
/// the judge says of its samples and has drawn, if anything, and the `commands` that go on from
/// there.
///
/// # Errors
/// [`Error::Read`] or [`Error::Write`].
pub fn save(
    folder: &RunFolder,
    title: &str,
    configuration: &impl Serialize,
    findings: &[Finding],
    judgement: &[String],
    commands: &[String],
) -> Result<(), Error> {
    let records: Vec<Numbers<String>> = read_metrics(folder.file(METRICS))?;
    let configuration = serde_json::to_value(configuration).expect("it has a form in JSON");
    let read =
        |path: std::path::PathBuf| fs::read(&path).map_err(|source| Error::Read { path, source });
    let curves = String::from_utf8_lossy(&read(folder.file("losses.svg"))?).into_owned();
    let all = folder.numbered("samples-", ".png")?;
    let every = all.len().div_ceil(PICTURES).max(1);
    let mut pictures = Vec::new();
    for (step, path) in all.into_iter().rev().step_by(every) {
        pictures.push((step, read(path)?));
    }
    pictures.reverse();
    let seconds = training::seconds(folder);
    let mut body = String::new();
    let mut put = |text: String| body.push_str(&text);
    let steps = records.len();
    let speed = if seconds > 0.0 {
        format!(" in {seconds:.0} s, {:.1} a second", steps as f64 / seconds)
    } else {
        String::new()
    };
    put(format!("<p>{steps} steps{speed}.</p>\n"));
    put(slider(&pictures));
    put(format!("<h2>Curves</h2>\n{curves}\n"));
    put("<div class=\"columns\">\n".to_owned());
    put(format!("<div>\n<h2>At the end</h2>\n{}</div>\n", last_numbers(&records)));
    let findings: Vec<String> = findings.iter().map(Finding::to_string).collect();
    for (who, lines) in [("doctor", &findings[..]), ("judge", judgement)] {
        if !lines.is_empty() {
            let lines = escaped(&lines.join("\n"));
            put(format!("<div class=\"wide\">\n<h2>The {who}</h2>\n<pre>{lines}</pre>\n</div>\n"));
        }
    }
    put("</div>\n".to_owned());
    for (name, title) in training::JUDGED {
        let path = folder.file(name);
        if path.exists() {
            let figure = if name.ends_with(".svg") {
                String::from_utf8_lossy(&read(path)?).into_owned()
            } else {
                picture(&read(path)?, "", title)
            };
            put(format!("<h2>{title}</h2>\n{figure}\n"));
        }
    }
    put(format!("<h2>Configuration</h2>\n<table>\n{}</table>\n", fields(&configuration, "")));
    let commands = escaped(&commands.join("\n"));
    put(format!("<h2>To go on</h2>\n<pre>{commands}</pre>\n"));
    write_whole(folder.file("report.html"), page(title, &body).as_bytes())
}

/// A whole page with a title, in the style of all reports, around a body of HTML.
pub(crate) fn page(title: &str, body: &str) -> String {
    let title = escaped(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n\
         {body}</body>\n</html>\n"
    )
}

/// The pictures one behind the other, the last one in front.
fn slider(pictures: &[(u64, Vec<u8>)]) -> String {
    let Some((step, last)) = pictures.last() else { return String::new() };
    let sources: Vec<(u64, String)> =
        pictures.iter().map(|(step, png)| (*step, source(png))).collect();
    let list = serde_json::to_string(&sources).expect("numbers and texts have a form in JSON");
    let end = pictures.len() - 1;
    let picture = picture(last, "picture", "A grid of samples");
    format!(
        "<h2>Samples after <span id=\"step\">{step}</span> steps, always from the same input</h2>\n\
         {picture}\n\
         <input id=\"slider\" type=\"range\" min=\"0\" max=\"{end}\" value=\"{end}\" \
         aria-label=\"Which picture\">\n<script>\nconst pictures = {list};\n{SCRIPT}</script>\n"
    )
}

/// The width that small pictures are enlarged to.
const WIDTH: u32 = 484;

/// A PNG file as an element of this name: enlarged by whole pixels if it is small, else as it is.
fn picture(png: &[u8], id: &str, what: &str) -> String {
    // The header is the first chunk, and the width its first number.
    let width = png.get(16..20).map_or(0, |w| u32::from_be_bytes([w[0], w[1], w[2], w[3]]));
    let class = if width < WIDTH { "enlarged" } else { "" };
    let source = source(png);
    format!("<img id=\"{id}\" class=\"{class}\" src=\"{source}\" alt=\"{what}\">")
}

/// A PNG file as text that stands for its address.
fn source(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", base64(png))
}

/// A table of the last step's numbers, and their means over the latest steps.
fn last_numbers(records: &[Numbers<String>]) -> String {
    let Some(last) = records.last() else { return String::new() };
    let latest = &records[records.len().saturating_sub(LATEST)..];
    let mut table = format!(
        "<table>\n<tr><th></th><th>last step</th><th>mean of the last {}</th></tr>\n",
        latest.len()
    );
    for (i, (name, value)) in last.values.iter().enumerate() {
        let sum: f64 = latest.iter().map(|record| f64::from(record.values[i].1)).sum();
        let mean = sum / latest.len() as f64;
        writeln!(
            table,
            "<tr><th>{}</th><td class=\"number\">{}</td>\
             <td class=\"number\">{}</td></tr>",
            escaped(&name.replace('_', " ")),
            four_digits(f64::from(*value)),
            four_digits(mean)
        )
        .expect("writing to a string cannot fail");
    }
    table + "</table>\n"
}

/// The rows of a table of a value's fields, those of its parts with their paths.
fn fields(value: &Value, path: &str) -> String {
    if value.is_null() {
        return String::new();
    }
    let Some(fields_of) = value.as_object() else {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        return format!("<tr><th>{}</th><td>{}</td></tr>\n", escaped(path), escaped(&text));
    };
    let inside = |name: &str| {
        let name = name.replace('_', " ");
        if path.is_empty() { name } else { format!("{path}, {name}") }
    };
    fields_of.iter().map(|(name, value)| fields(value, &inside(name))).collect()
}

/// Text that means itself in HTML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// RFC 4648, §4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |i: usize| u32::from(group.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * i) & 63) as usize];
            text.push(if i <= group.len() { digit.into() } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Metrics;
    use crate::figures::{Bitmap, save_png};

    /// RFC 4648, §10.
    #[test]
    fn base64_is_that_of_the_standard() {
        let vectors =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (text, expected) in vectors {
            assert_eq!(base64(text.as_bytes()), expected);
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xbf]), "+/+/");
    }

    #[test]
    fn a_report_holds_the_whole_run_and_asks_for_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(root.path()).unwrap();
        let mut metrics = Metrics::create(folder.file(METRICS)).unwrap();
        for step in 0..3 {
            let values = vec![("loss_d", 0.5 + step as autograd::Real)];
            metrics.record(&Numbers { step, values }).unwrap();
        }
        fs::write(folder.file("losses.svg"), "<svg id=\"curves\"></svg>").unwrap();
        fs::write(folder.file("confusion.svg"), "<svg id=\"counts\"></svg>").unwrap();
        let picture = Bitmap::white(2, 2);
        for step in [0, 3] {
            save_png(&picture, folder.file(format!("samples-{step:06}.png"))).unwrap();
        }
        let configuration =
            serde_json::json!({"batch_size": 4, "data": {"name": "A < B", "path": null}});
        let (judge, commands) = (["all ten".to_owned()], ["train --resume x".to_owned()]);
        let failure = gan::Failure::ModeCollapse;
        let found = [Finding { failure, signs: gan::doctor::Signs::default(), over: None }];
        save(&folder, "GAN & Co", &configuration, &found, &judge, &commands).unwrap();
        let html = fs::read_to_string(folder.file("report.html")).unwrap();
        let png = base64(&picture.to_png());
        assert_eq!(html.matches(&format!("data:image/png;base64,{png}")).count(), 3);
        for part in [
            "<h1>GAN &amp; Co</h1>",
            "<svg id=\"curves\">",
            "<p>3 steps.</p>",
            "<h2>The doctor</h2>",
            "doctor, turn 0: mode collapse",
            "<th>batch size</th><td>4</td>",
            "<th>data, name</th><td>A &lt; B</td>",
            "<td class=\"number\">2.5</td><td class=\"number\">1.5</td>",
            "<h2>What is taken for what</h2>\n<svg id=\"counts\">",
            "class=\"enlarged\"",
            "all ten",
            "train --resume x",
        ] {
            assert!(html.contains(part), "{part} is not in\n{html}");
        }
        assert!(!html.contains("null"), "{html}");
        for elsewhere in ["http:", "https:", "src=\"//", "href="] {
            assert!(!html.contains(elsewhere), "{elsewhere}");
        }
    }
}
