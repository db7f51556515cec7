# Where a node listens, and whom it is linked to, once the cluster is complete. The manager ends
# when all have printed that.

@load ./complete

redef Complete::ends = F;

module Links;

# To the manager: all links that a node opened are up; it has printed its links.
global linked: event() &is_used;
global printed: event() &is_used;
global print_links: event() &is_used;

global nodes_linked = 0;
global nodes_printed = 0;

function all_up(): bool
	{
	for ( _, link in Cluster::Backend::Zeekwire::status()$links )
		if ( link$state != "up" )
			return F;

	return T;
	}

event check_links()
	{
	if ( ! all_up() )
		schedule 50 msec { check_links() };
	else if ( Cluster::node == "manager" )
		event linked();
	else
		Cluster::publish(Cluster::manager_topic, linked);
	}

event Complete::all()
	{
	event check_links();
	}

event linked()
	{
	if ( ++nodes_linked < Complete::nodes )
		return;

	Cluster::publish("complete", print_links);
	event print_links();
	}

event print_links()
	{
	if ( ! all_up() )
		{
		schedule 50 msec { print_links() };
		return;
		}

	local status = Cluster::Backend::Zeekwire::status();
	local peers: vector of string;

	for ( _, link in status$links )
		peers += link$peer;

	print fmt("%s listens at [%s], is linked to [%s]", Cluster::node,
	          join_string_vec(status$listeners, " "),
	          join_string_vec(sort(peers, strcmp), " "));

	if ( Cluster::node == "manager" )
		event printed();
	else
		Cluster::publish(Cluster::manager_topic, printed);
	}

event printed()
	{
	if ( ++nodes_printed == Complete::nodes )
		terminate();
	}
