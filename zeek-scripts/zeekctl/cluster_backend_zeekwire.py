"""Lets zeekctl run its cluster over Zeekwire: ClusterBackend = Zeekwire in zeekctl.cfg."""

import ZeekControl.config
import ZeekControl.plugin


class ClusterBackendZeekwire(ZeekControl.plugin.Plugin):
    def __init__(self):
        super().__init__(apiversion=1)

    def name(self):
        return "cluster_backend_zeekwire"

    def pluginVersion(self):
        return 1

    def options(self):
        return [
            (
                "allow_insecure_remote",
                "bool",
                False,
                "Allow the rendezvous to listen where other machines can reach it. Links are "
                "neither encrypted nor authenticated yet.",
            ),
            (
                "port",
                "int",
                0,
                "The port that the manager listens on (0: the first port of ZeekPort)",
            ),
        ]

    def init(self):
        """Activates the plugin where zeekctl.cfg selects Zeekwire."""
        if self.getGlobalOption("ClusterBackend").lower() != "zeekwire":
            return False

        if not self.getGlobalOption("ClusterTopicSeparator"):
            ZeekControl.config.Config.set_option("ClusterTopicSeparator", ".")

        # One port for the whole cluster; the layout's ports come after it.
        self.port = int(self.getOption("port"))

        if self.port == 0:
            self.port = ZeekControl.config.Config.get_option("ZeekPort")
            ZeekControl.config.Config.set_option("ZeekPort", self.port + 1)

        self.allow_remote = bool(self.getOption("allow_insecure_remote"))
        addresses = sorted({node.addr for node in self.nodes()})

        if len(addresses) > 1:
            self.warn_of_network(addresses)

        return True

    def warn_of_network(self, addresses):
        """Says what links between machines lack, and how to accept that."""
        self.message(
            "Zeekwire: links are neither encrypted nor authenticated yet, and this cluster spans "
            + ", ".join(addresses)
            + "."
        )

        if not self.allow_remote:
            self.message(
                "The nodes will refuse to start. On a network that is yours alone, set in "
                "zeekctl.cfg:\n\n    cluster_backend_zeekwire.allow_insecure_remote = 1\n"
            )

    def zeekctl_config(self):
        """The part of zeekctl-config.zeek that is about Zeekwire."""
        lines = [
            "# Zeekwire",
            "@load frameworks/cluster/backend/zeekwire/options",
            "",
            f"redef Cluster::Backend::Zeekwire::rendezvous_port = {self.port}/tcp;",
        ]

        if self.allow_remote:
            lines.append("redef Cluster::Backend::Zeekwire::allow_insecure_remote = T;")

        # zeekctl talks to a standalone node through its WebSocket server, on the node's topic.
        if ZeekControl.config.Config.standalone:
            lines += [
                "",
                "event zeek_init()",
                "\t{",
                '\tCluster::subscribe(Cluster::node_topic("zeek"));',
                "\t}",
            ]

        return "\n".join(lines) + "\n"
