# Prints which nodes come up. When all nodes of the test see each other, as many as COMPLETE says,
# the manager raises Complete::all, and ends unless a handler decides otherwise. The others end with
# it.

module Complete;

export {
	## How many nodes there are.
	const nodes = to_count(getenv("COMPLETE")) &redef;

	## Whether the manager ends as soon as the cluster is complete.
	const ends = T &redef;

	## On every node: all see each other.
	global all: event();

	## To the manager: a node sees all others.
	global sees_all: event(name: string);
}

global seen: set[string];
global seeing: set[string];

event Complete::all()
	{
	if ( ends && Cluster::node == "manager" )
		terminate();
	}

event sees_all(name: string)
	{
	add seeing[name];

	if ( |seeing| < nodes )
		return;

	Cluster::publish("complete", Complete::all);
	event Complete::all();
	}

event zeek_init()
	{
	Cluster::subscribe("complete");
	}

event Cluster::node_up(name: string, id: string)
	{
	add seen[name];

	if ( |seen| + 1 < nodes )
		return;

	local names: vector of string;

	for ( other in seen )
		names += other;

	print fmt("%s sees %s", Cluster::node, join_string_vec(sort(names, strcmp), " "));

	if ( Cluster::node == "manager" )
		event sees_all(Cluster::node);
	else
		Cluster::publish(Cluster::manager_topic, sees_all, Cluster::node);
	}

event Cluster::node_down(name: string, id: string)
	{
	if ( name == "manager" )
		terminate();
	}
