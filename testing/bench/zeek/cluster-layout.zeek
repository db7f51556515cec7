##! A manager and a worker on this machine.

redef Cluster::manager_is_logger = T;
redef Cluster::nodes += {
	["manager"] = [$node_type=Cluster::MANAGER, $ip=127.0.0.1, $p=to_port(fmt("%s/tcp", getenv("BENCH_PORT_1")))],
	["worker-1"] = [$node_type=Cluster::WORKER, $ip=127.0.0.1, $manager="manager"],
};
