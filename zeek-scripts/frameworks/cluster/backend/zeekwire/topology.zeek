##! Who listens where, and who connects to whom, from the layout and the options.

@load ./options
@load base/utils/addrs

module Cluster::Backend::Zeekwire;

export {
	## Labels of the pools that this node belongs to. Nodes with the label ``logger`` get log
	## batches.
	global pool_labels: function(): vector of string;
}

## The port of a rendezvous where neither the options nor the layout name one.
const default_port = 47760/tcp;

# Types of nodes that take part; a layout may name others, such as zeekctl's control.
const member_types = set(Cluster::LOGGER, Cluster::MANAGER, Cluster::PROXY, Cluster::WORKER);

function has_port(node: Cluster::Node): bool
	{
	return port_to_count(node$p) != 0;
	}

# Names of nodes in the order of the alphabet, the same on every node.
function member_names(): vector of string
	{
	local names: vector of string;

	for ( name, node in Cluster::nodes )
		if ( node$node_type in member_types )
			names += name;

	return sort(names, strcmp);
	}

function is_rendezvous(name: string): bool
	{
	if ( name !in Cluster::nodes )
		return F;

	if ( |rendezvous| > 0 )
		return name in rendezvous;

	return |rendezvous_endpoints| == 0 && ! supervisor_is_rendezvous
	       && Cluster::nodes[name]$node_type == Cluster::MANAGER;
	}

# The port that a rendezvous listens on.
function port_of_rendezvous(name: string): count
	{
	local node = Cluster::nodes[name];
	local from_layout = port_to_count(rendezvous_port) == 0;

	if ( from_layout && has_port(node) )
		return port_to_count(node$p);

	local result = port_to_count(from_layout ? default_port : rendezvous_port);

	for ( _, other in member_names() )
		{
		if ( other == name )
			break;

		if ( is_rendezvous(other) && Cluster::nodes[other]$ip == node$ip
		     && ! (from_layout && has_port(Cluster::nodes[other])) )
			++result;
		}

	return result;
	}

# The port that a node listens on, 0 if it does not.
function port_of(name: string): count
	{
	if ( is_rendezvous(name) )
		return port_of_rendezvous(name);

	return topology == MESH ? port_to_count(Cluster::nodes[name]$p) : 0;
	}

# Whether the layout has all nodes at one address. They then meet at the loopback address, which
# needs nobody's permission, unless the options ask for more.
function on_one_host(): bool
	{
	if ( bind_address != "" || allow_insecure_remote )
		return F;

	local addresses: set[addr] = set();

	for ( _, name in member_names() )
		add addresses[Cluster::nodes[name]$ip];

	return |addresses| == 1;
	}

# A link-local address needs the interface over which this machine reaches it.
function host_of(name: string): string
	{
	local node = Cluster::nodes[name];
	local zone_id = node$zone_id;

	if ( on_one_host() )
		return is_v6_addr(node$ip) ? "[::1]" : "127.0.0.1";

	if ( Cluster::node in Cluster::nodes && Cluster::nodes[Cluster::node]$zone_id != "" )
		zone_id = Cluster::nodes[Cluster::node]$zone_id;

	if ( is_v6_addr(node$ip) && zone_id != "" && node$ip in [fe80::]/10 )
		return fmt("[%s%%%s]", node$ip, zone_id);

	return addr_to_uri(node$ip);
	}

function endpoint_of(host: string, p: count): string
	{
	return fmt("tcp://%s:%d", host, p);
	}

# Endpoints of rendezvous outside the layout.
function other_rendezvous(): vector of string
	{
	if ( |rendezvous_endpoints| > 0 || ! supervisor_is_rendezvous )
		return rendezvous_endpoints;

	local p = port_to_count(rendezvous_port) == 0 ? default_port : rendezvous_port;
	return vector(endpoint_of("127.0.0.1", port_to_count(p)));
	}

# Whether this node opens the link to another one that listens, rather than the other way round. Of
# two of the same kind the one with the greater name does, so that each pair has one link.
function connects_to(self: string, other: string): bool
	{
	if ( self == other || port_of(other) == 0 )
		return F;

	if ( is_rendezvous(self) != is_rendezvous(other) )
		return is_rendezvous(other);

	return port_of(self) == 0 || strcmp(self, other) > 0;
	}

function endpoints_to_listen_at(): vector of string
	{
	if ( |listen_endpoints| > 0 )
		return listen_endpoints;

	local self = node_name();

	if ( self !in Cluster::nodes )
		{
		if ( ! supervisor_is_rendezvous || ! Supervisor::is_supervisor() )
			return vector();

		return vector(other_rendezvous()[0]);
		}

	local p = port_of(self);

	if ( p == 0 )
		return vector();

	return vector(endpoint_of(bind_address != "" ? bind_address : host_of(self), p));
	}

function endpoints_to_connect_to(): vector of string
	{
	if ( |connect_endpoints| > 0 )
		return connect_endpoints;

	local self = node_name();

	if ( self !in Cluster::nodes )
		return vector();

	local result: vector of string;

	for ( _, location in other_rendezvous() )
		result += location;

	for ( _, other in member_names() )
		if ( connects_to(self, other) )
			result += endpoint_of(host_of(other), port_of(other));

	return result;
	}

function pool_labels(): vector of string
	{
	local labels: set[string] = set();

	for ( label in pools )
		add labels[label];

	switch ( Cluster::local_node_type() ) {
	case Cluster::LOGGER:
		add labels["logger"];
		break;
	case Cluster::MANAGER:
		add labels["manager"];
		if ( Cluster::manager_is_logger )
			add labels["logger"];
		break;
	case Cluster::PROXY:
		add labels["proxy"];
		break;
	case Cluster::WORKER:
		add labels["worker"];
		break;
	default:
		break;
	}

	local result: vector of string;

	for ( label in labels )
		result += label;

	return sort(result, strcmp);
	}
