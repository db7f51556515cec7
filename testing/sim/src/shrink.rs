//! Making a failing plan smaller: groups of steps are left out as long as it still fails.

use crate::plan::Plan;
use crate::run;

/// Runs tried at most.
const TRIES_MAX: usize = 300;

/// The groups of a smaller plan that breaks the same claim.
pub(crate) fn shrink(plan: &Plan, check: &'static str) -> Vec<usize> {
    let fails = |groups: &[usize]| {
        let outcome = run::once(&plan.only(groups), 0);
        outcome.breach.is_some_and(|breach| breach.check == check)
    };
    smallest(plan.groups(), fails)
}

/// Leaves out runs of items, shorter and shorter ones, as long as it fails without them.
fn smallest(mut items: Vec<usize>, fails: impl Fn(&[usize]) -> bool) -> Vec<usize> {
    let mut tries = 0;
    let mut size = items.len().div_ceil(2);
    while size > 0 {
        let mut start = 0;
        let mut removed = false;
        while start < items.len() && tries < TRIES_MAX {
            let end = (start + size).min(items.len());
            let fewer = [&items[..start], &items[end..]].concat();
            tries += 1;
            if fails(&fewer) {
                items = fewer;
                removed = true;
            } else {
                start = end;
            }
        }
        size = match size {
            1 if removed && tries < TRIES_MAX => 1,
            _ => size / 2,
        };
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_matter_is_left_out() {
        let fails = |items: &[usize]| items.contains(&17) && items.contains(&63);
        assert_eq!(smallest((0..100).collect(), fails), [17, 63]);
    }
}
