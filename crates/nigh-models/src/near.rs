/// The candidates that `name` may be a misspelling or a part of, nearest first.
pub(crate) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = name.to_lowercase();
    let mut scored: Vec<(f64, &str)> = candidates
        .map(|candidate| (likeness(&wanted, candidate), candidate))
        .filter(|(score, _)| *score > LEAST)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored
        .into_iter()
        .take(3)
        .map(|(_, candidate)| candidate)
        .collect()
}

/// Below, a name is another word rather than a slip.
const LEAST: f64 = 0.75;

/// 1 where one holds the other.
fn likeness(wanted: &str, candidate: &str) -> f64 {
    let plain = |text: &str| {
        text.to_lowercase()
            .replace(['-', '_', '/', '.', '@', ' '], "")
    };
    let (a, b) = (plain(wanted), plain(candidate));
    if a.len() >= 3 && (a.contains(&b) || b.contains(&a)) {
        return 1.0;
    }
    strsim::jaro_winkler(&a, &b)
}

#[cfg(test)]
mod tests {
    use crate::near_names;

    #[test]
    fn slips_are_recognised() {
        let table: [(&str, &[&str]); 6] = [
            ("my_own_net", &["my-own-net"]),
            ("CLIP ViT-B/32", &["clip-vit-b-32"]),
            ("clip-vit-b32", &["clip-vit-b-32"]),
            ("dinov2", &["dinov2-small"]),
            ("resnet50", &["resnet-50"]),
            ("bert", &[]),
        ];
        let wrong: Vec<String> = table
            .iter()
            .map(|(name, expected)| (name, expected, near_names(name, ["my-own-net"].into_iter())))
            .filter(|(_, expected, found)| match expected.first() {
                Some(first) => found.first() != Some(first),
                None => !found.is_empty(),
            })
            .map(|(name, expected, found)| format!("{name}: {found:?}, expected {expected:?}"))
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
