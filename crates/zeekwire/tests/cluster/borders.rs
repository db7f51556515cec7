//! Members where routing ends.

use std::time::Duration;

use zeekwire::{ForwardRule, Forwarding, Inproc, TopicFilter};

use crate::cluster::{all_know_all, link, member, member_with};
use crate::common::{PATIENCE, eventually, next, number, numbered, receiver, send};

#[test]
fn a_border_passes_on_what_its_rules_say_and_nothing_else() {
    let here = Inproc::new();
    let [a, a2, b] = ["a", "a2", "b"].map(|name| member(&here, name));
    link(&a2, &[&a]);
    let border = member_with(&here, "border", |builder| {
        builder.forwarding(Forwarding::Rules)
    });
    let to_a = border.connect("inproc://a").unwrap();
    let to_b = border.connect("inproc://b").unwrap();
    to_a.wait_ready(PATIENCE).unwrap();
    to_b.wait_ready(PATIENCE).unwrap();
    let rule = ForwardRule {
        filter: TopicFilter::new("shared/*").unwrap(),
        from: to_a.id(),
        to: to_b.id(),
    };
    assert!(border.add_rule(&rule).unwrap().wait(PATIENCE));
    let far = receiver(&b, "*");
    let back = receiver(&a2, "*");
    send(&a2, "private/x", &numbered(0, 8));
    send(&a2, "shared/x", &numbered(1, 8));
    assert_eq!(number(&next(&far)), 1);
    send(&b, "shared/x", &numbered(2, 8));
    assert!(
        back.recv_timeout(Duration::from_millis(50)).is_err(),
        "rules have a direction"
    );
    // Each side knows the border, and nobody behind it.
    all_know_all(&[&a, &a2, &border]);
    assert!(
        !b.members()
            .iter()
            .any(|member| member.node.name.as_str() == "a2")
    );
    assert!(border.remove_rule(&rule).unwrap().wait(PATIENCE));
    eventually("the rule is gone", || {
        send(&a2, "shared/x", &numbered(3, 8));
        far.recv_timeout(Duration::from_millis(50)).is_err()
    });
}

#[test]
fn a_member_that_does_not_forward_takes_part_and_passes_nothing_on() {
    let here = Inproc::new();
    let [a, b] = ["a", "b"].map(|name| member(&here, name));
    let leaf = member_with(&here, "leaf", |builder| builder.forwarding(Forwarding::Off));
    link(&leaf, &[&a, &b]);
    let inboxes = [&a, &b, &leaf].map(|node| receiver(node, "topic"));
    send(&leaf, "topic", &numbered(0, 8));
    assert_eq!(
        [&inboxes[0], &inboxes[1]].map(|inbox| number(&next(inbox))),
        [0, 0]
    );
    send(&a, "topic", &numbered(1, 8));
    assert_eq!(number(&next(&inboxes[2])), 1);
    assert!(inboxes[1].recv_timeout(Duration::from_millis(50)).is_err());
    eventually("both know the leaf", || {
        a.members().len() == 1 && b.members().len() == 1
    });
}
