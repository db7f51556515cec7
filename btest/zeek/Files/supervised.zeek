# A supervisor of a cluster of three. Nodes print who comes and goes to NODE/out, and have their
# process ids in NODE/pid.

module Supervised;

const members = {
	["manager"] = Supervisor::MANAGER,
	["logger-1"] = Supervisor::LOGGER,
	["worker-1"] = Supervisor::WORKER,
};

event zeek_init() &priority=-100
	{
	if ( Supervisor::is_supervisor() )
		print Cluster::Backend::Zeekwire::status()$listeners;

	flush_all();
	}

event zeek_init()
	{
	if ( ! Supervisor::is_supervisor() )
		{
		local pid = open("pid");
		print pid, getpid();
		close(pid);
		return;
		}

	local cluster: table[string] of Supervisor::ClusterEndpoint;

	for ( name, role in members )
		cluster[name] = [$role=role, $host=127.0.0.1,
		                 $p=to_port(getenv(subst_string(to_upper(name), "-", "_") + "_PORT"))];

	for ( name in cluster )
		{
		local failure = Supervisor::create([$name=name, $directory=name, $stdout_file="out",
		                                    $stderr_file="err", $cluster=cluster]);

		if ( failure != "" )
			Reporter::fatal(failure);
		}
	}

global seen: set[string];

event Cluster::node_up(name: string, id: string)
	{
	print "up", name in seen ? name + " again" : name;
	add seen[name];
	flush_all();
	}

event Cluster::node_down(name: string, id: string)
	{
	print "down", name;
	flush_all();
	}
