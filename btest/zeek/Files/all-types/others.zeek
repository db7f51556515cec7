# Vectors, records, functions and opaque values: each event is printed where it comes, and where
# it is sent.

@load ./types
@load ./show
@load ./plain

module AllTypes;

event t_vector_count(label: string, v: vector of count)
	{
	print "vector_count", label, cat(v);
	}

function send_vector_count(label: string, v: vector of count)
	{
	if ( ! Cluster::publish(to, t_vector_count, label, v) )
		print "vector_count", label, "refused";
	else
		event t_vector_count(label, v);
	}

event t_vector_double(label: string, v: vector of double)
	{
	print "vector_double", label, show_vector_double(v);
	}

function send_vector_double(label: string, v: vector of double)
	{
	if ( ! Cluster::publish(to, t_vector_double, label, v) )
		print "vector_double", label, "refused";
	else
		event t_vector_double(label, v);
	}

event t_vector_string(label: string, v: vector of string)
	{
	print "vector_string", label, cat(v);
	}

function send_vector_string(label: string, v: vector of string)
	{
	if ( ! Cluster::publish(to, t_vector_string, label, v) )
		print "vector_string", label, "refused";
	else
		event t_vector_string(label, v);
	}

event t_vector_bool(label: string, v: vector of bool)
	{
	print "vector_bool", label, cat(v);
	}

function send_vector_bool(label: string, v: vector of bool)
	{
	if ( ! Cluster::publish(to, t_vector_bool, label, v) )
		print "vector_bool", label, "refused";
	else
		event t_vector_bool(label, v);
	}

event t_vector_port(label: string, v: vector of port)
	{
	print "vector_port", label, cat(v);
	}

function send_vector_port(label: string, v: vector of port)
	{
	if ( ! Cluster::publish(to, t_vector_port, label, v) )
		print "vector_port", label, "refused";
	else
		event t_vector_port(label, v);
	}

event t_vector_enum(label: string, v: vector of Color)
	{
	print "vector_enum", label, cat(v);
	}

function send_vector_enum(label: string, v: vector of Color)
	{
	if ( ! Cluster::publish(to, t_vector_enum, label, v) )
		print "vector_enum", label, "refused";
	else
		event t_vector_enum(label, v);
	}

event t_vector_addr(label: string, v: vector of addr)
	{
	print "vector_addr", label, cat(v);
	}

function send_vector_addr(label: string, v: vector of addr)
	{
	if ( ! Cluster::publish(to, t_vector_addr, label, v) )
		print "vector_addr", label, "refused";
	else
		event t_vector_addr(label, v);
	}

event t_vector_record(label: string, v: vector of Leaf)
	{
	print "vector_record", label, cat(v);
	}

function send_vector_record(label: string, v: vector of Leaf)
	{
	if ( ! Cluster::publish(to, t_vector_record, label, v) )
		print "vector_record", label, "refused";
	else
		event t_vector_record(label, v);
	}

event t_vector_vector(label: string, v: vector of vector of string)
	{
	print "vector_vector", label, cat(v);
	}

function send_vector_vector(label: string, v: vector of vector of string)
	{
	if ( ! Cluster::publish(to, t_vector_vector, label, v) )
		print "vector_vector", label, "refused";
	else
		event t_vector_vector(label, v);
	}

event t_vector_set(label: string, v: vector of set[count])
	{
	print "vector_set", label, show_vector_set(v);
	}

function send_vector_set(label: string, v: vector of set[count])
	{
	if ( ! Cluster::publish(to, t_vector_set, label, v) )
		print "vector_set", label, "refused";
	else
		event t_vector_set(label, v);
	}

event t_vector_pattern(label: string, v: vector of pattern)
	{
	print "vector_pattern", label, cat(v);
	}

function send_vector_pattern(label: string, v: vector of pattern)
	{
	if ( ! Cluster::publish(to, t_vector_pattern, label, v) )
		print "vector_pattern", label, "refused";
	else
		event t_vector_pattern(label, v);
	}

event t_vector_func(label: string, v: vector of function(c: count): string)
	{
	print "vector_func", label, show_vector_func(v);
	}

function send_vector_func(label: string, v: vector of function(c: count): string)
	{
	if ( ! Cluster::publish(to, t_vector_func, label, v) )
		print "vector_func", label, "refused";
	else
		event t_vector_func(label, v);
	}

event t_leaf(label: string, v: Leaf)
	{
	print "leaf", label, cat(v);
	}

function send_leaf(label: string, v: Leaf)
	{
	if ( ! Cluster::publish(to, t_leaf, label, v) )
		print "leaf", label, "refused";
	else
		event t_leaf(label, v);
	}

event t_tree(label: string, v: Tree)
	{
	print "tree", label, cat(v);
	}

function send_tree(label: string, v: Tree)
	{
	if ( ! Cluster::publish(to, t_tree, label, v) )
		print "tree", label, "refused";
	else
		event t_tree(label, v);
	}

event t_every(label: string, v: Every)
	{
	print "every", label, show_every(v);
	}

function send_every(label: string, v: Every)
	{
	if ( ! Cluster::publish(to, t_every, label, v) )
		print "every", label, "refused";
	else
		event t_every(label, v);
	}

event t_func(label: string, v: function(c: count): string)
	{
	print "func", label, v(7);
	}

function send_func(label: string, v: function(c: count): string)
	{
	if ( ! Cluster::publish(to, t_func, label, v) )
		print "func", label, "refused";
	else
		event t_func(label, v);
	}

event t_event(label: string, v: event(label: string))
	{
	print "event", label, show_event(v);
	}

function send_event(label: string, v: event(label: string))
	{
	if ( ! Cluster::publish(to, t_event, label, v) )
		print "event", label, "refused";
	else
		event t_event(label, v);
	}

event t_hook(label: string, v: hook(c: count))
	{
	print "hook", label, hook v(7);
	}

function send_hook(label: string, v: hook(c: count))
	{
	if ( ! Cluster::publish(to, t_hook, label, v) )
		print "hook", label, "refused";
	else
		event t_hook(label, v);
	}

event t_file(label: string, v: file)
	{
	print "file", label, get_file_name(v);
	}

function send_file(label: string, v: file)
	{
	if ( ! Cluster::publish(to, t_file, label, v) )
		print "file", label, "refused";
	else
		event t_file(label, v);
	}

event t_md5(label: string, v: opaque of md5)
	{
	print "md5", label, finish_md5(v);
	}

function send_md5(label: string, v: opaque of md5)
	{
	if ( ! Cluster::publish(to, t_md5, label, v) )
		print "md5", label, "refused";
	else
		event t_md5(label, v);
	}

event t_sha1(label: string, v: opaque of sha1)
	{
	print "sha1", label, finish_sha1(v);
	}

function send_sha1(label: string, v: opaque of sha1)
	{
	if ( ! Cluster::publish(to, t_sha1, label, v) )
		print "sha1", label, "refused";
	else
		event t_sha1(label, v);
	}

event t_sha224(label: string, v: opaque of sha224)
	{
	print "sha224", label, finish_sha224(v);
	}

function send_sha224(label: string, v: opaque of sha224)
	{
	if ( ! Cluster::publish(to, t_sha224, label, v) )
		print "sha224", label, "refused";
	else
		event t_sha224(label, v);
	}

event t_sha256(label: string, v: opaque of sha256)
	{
	print "sha256", label, finish_sha256(v);
	}

function send_sha256(label: string, v: opaque of sha256)
	{
	if ( ! Cluster::publish(to, t_sha256, label, v) )
		print "sha256", label, "refused";
	else
		event t_sha256(label, v);
	}

event t_sha384(label: string, v: opaque of sha384)
	{
	print "sha384", label, finish_sha384(v);
	}

function send_sha384(label: string, v: opaque of sha384)
	{
	if ( ! Cluster::publish(to, t_sha384, label, v) )
		print "sha384", label, "refused";
	else
		event t_sha384(label, v);
	}

event t_sha512(label: string, v: opaque of sha512)
	{
	print "sha512", label, finish_sha512(v);
	}

function send_sha512(label: string, v: opaque of sha512)
	{
	if ( ! Cluster::publish(to, t_sha512, label, v) )
		print "sha512", label, "refused";
	else
		event t_sha512(label, v);
	}

event t_entropy(label: string, v: opaque of entropy)
	{
	print "entropy", label, finish_entropy(v);
	}

function send_entropy(label: string, v: opaque of entropy)
	{
	if ( ! Cluster::publish(to, t_entropy, label, v) )
		print "entropy", label, "refused";
	else
		event t_entropy(label, v);
	}

event t_bloomfilter(label: string, v: opaque of bloomfilter)
	{
	print "bloomfilter", label, bloomfilter_lookup(v, "a"), bloomfilter_lookup(v, "z"),
	    bloomfilter_internal_state(v);
	}

function send_bloomfilter(label: string, v: opaque of bloomfilter)
	{
	if ( ! Cluster::publish(to, t_bloomfilter, label, v) )
		print "bloomfilter", label, "refused";
	else
		event t_bloomfilter(label, v);
	}

event t_cardinality(label: string, v: opaque of cardinality)
	{
	print "cardinality", label, exact(hll_cardinality_estimate(v));
	}

function send_cardinality(label: string, v: opaque of cardinality)
	{
	if ( ! Cluster::publish(to, t_cardinality, label, v) )
		print "cardinality", label, "refused";
	else
		event t_cardinality(label, v);
	}

event t_topk(label: string, v: opaque of topk)
	{
	print "topk", label, fmt("%s %d %d", topk_get_top(v, 3), topk_count(v, "b"), topk_sum(v));
	}

function send_topk(label: string, v: opaque of topk)
	{
	if ( ! Cluster::publish(to, t_topk, label, v) )
		print "topk", label, "refused";
	else
		event t_topk(label, v);
	}

event t_x509(label: string, v: opaque of x509)
	{
	print "x509", label, x509_parse(v)$subject;
	}

function send_x509(label: string, v: opaque of x509)
	{
	if ( ! Cluster::publish(to, t_x509, label, v) )
		print "x509", label, "refused";
	else
		event t_x509(label, v);
	}

event t_paraglob(label: string, v: opaque of paraglob)
	{
	print "paraglob", label, cat(paraglob_match(v, "hello"));
	}

function send_paraglob(label: string, v: opaque of paraglob)
	{
	if ( ! Cluster::publish(to, t_paraglob, label, v) )
		print "paraglob", label, "refused";
	else
		event t_paraglob(label, v);
	}

event t_data(label: string, v: Broker::Data)
	{
	print "data", label, cat(v);
	}

function send_data(label: string, v: Broker::Data)
	{
	if ( ! Cluster::publish(to, t_data, label, v) )
		print "data", label, "refused";
	else
		event t_data(label, v);
	}
