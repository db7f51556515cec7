//! Trees, drawn with lines.

/// A tree that grows by paths from its root.
#[derive(Clone, Debug)]
pub(crate) struct Tree<T> {
    nodes: Vec<TreeNode<T>>,
}

#[derive(Clone, Debug)]
struct TreeNode<T> {
    name: String,
    item: Option<T>,
    children: Vec<usize>,
}

impl<T> Tree<T> {
    /// A tree of a root alone.
    pub(crate) fn new(root: &str) -> Self {
        Self {
            nodes: vec![TreeNode {
                name: root.to_owned(),
                item: None,
                children: Vec::new(),
            }],
        }
    }

    /// Puts an item at the end of a path, which begins below the root; what was there is replaced.
    pub(crate) fn put<'a>(&mut self, path: impl IntoIterator<Item = &'a str>, item: T) {
        let mut at = 0;
        for name in path {
            at = self.child(at, name);
        }
        self.nodes[at].item = Some(item);
    }

    fn child(&mut self, of: usize, name: &str) -> usize {
        let nodes = &mut self.nodes;
        let mut children = nodes[of].children.iter();
        if let Some(known) = children.find(|child| nodes[**child].name == name) {
            return *known;
        }
        let new = nodes.len();
        nodes.push(TreeNode {
            name: name.to_owned(),
            item: None,
            children: Vec::new(),
        });
        nodes[of].children.push(new);
        new
    }

    /// All nodes, parents before children, each as its name behind the lines that lead to it.
    pub(crate) fn rows(&self) -> Vec<(String, Option<&T>)> {
        let mut rows = Vec::with_capacity(self.nodes.len());
        // Nodes yet to be shown, with the lines before their own and before their children's names.
        let mut stack = vec![(0, String::new(), String::new())];
        while let Some((at, own, below)) = stack.pop() {
            let node = &self.nodes[at];
            rows.push((format!("{own}{}", node.name), node.item.as_ref()));
            for (i, child) in node.children.iter().enumerate().rev() {
                let is_last = i + 1 == node.children.len();
                let (tee, line) = if is_last {
                    ("└─ ", "   ")
                } else {
                    ("├─ ", "│  ")
                };
                stack.push((*child, format!("{below}{tee}"), format!("{below}{line}")));
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_share_their_beginnings() {
        let mut tree = Tree::new("a");
        tree.put(["b", "c"], 1);
        tree.put(["b", "d", "e"], 2);
        tree.put(["f"], 3);
        tree.put(["b"], 4);
        let rows = tree.rows();
        let shown: Vec<_> = rows
            .iter()
            .map(|(row, item)| (&row[..], item.copied()))
            .collect();
        let expected = [
            ("a", None),
            ("├─ b", Some(4)),
            ("│  ├─ c", Some(1)),
            ("│  └─ d", None),
            ("│     └─ e", Some(2)),
            ("└─ f", Some(3)),
        ];
        assert_eq!(shown, expected);
    }
}
