# A cluster of seven on one machine. Nodes have the ports that environment variables such as
# WORKER_1_PORT give them, which @TEST-PORT sets; those without have none.

function port_from(name: string): port
	{
	local p = getenv(name);
	return p == "" ? 0/unknown : to_port(p);
	}

const node_ip = getenv("NODE_IP") == "" ? 127.0.0.1 : to_addr(getenv("NODE_IP"));

redef Cluster::manager_is_logger = F;

redef Cluster::nodes = {
	["manager"] = [$node_type=Cluster::MANAGER, $ip=node_ip, $p=port_from("MANAGER_PORT")],
	["logger-1"] = [$node_type=Cluster::LOGGER, $ip=node_ip, $p=port_from("LOGGER_1_PORT")],
	["logger-2"] = [$node_type=Cluster::LOGGER, $ip=node_ip, $p=port_from("LOGGER_2_PORT")],
	["proxy-1"] = [$node_type=Cluster::PROXY, $ip=node_ip, $p=port_from("PROXY_1_PORT")],
	["proxy-2"] = [$node_type=Cluster::PROXY, $ip=node_ip, $p=port_from("PROXY_2_PORT")],
	["worker-1"] = [$node_type=Cluster::WORKER, $ip=node_ip, $p=port_from("WORKER_1_PORT")],
	["worker-2"] = [$node_type=Cluster::WORKER, $ip=node_ip, $p=port_from("WORKER_2_PORT")],
};
