# The types, and one event for each.

module AllTypes;

type Color: enum {
	RED = 0,
	GREEN = 7,
	BLUE = 1000000,
};

type Key: record {
	c: count;
	s: string;
	p: port &optional;
};

type Leaf: record {
	a: count;
	b: string &optional;
	c: double &default = 0.5;
	d: vector of string &default = vector();
	e: Color &default = BLUE;
};

type Tree: record {
	name: string;
	leaf: Leaf;
};

redef record Tree += {
	left: Tree &optional;
	right: Tree &optional;
};

type Ordered: record {
	t: table[string] of count &ordered;
};

type Every: record {
	b: bool &optional;
	i: int &optional;
	c: count &optional;
	d: double &optional;
	t: time &optional;
	n: interval &optional;
	s: string &optional;
	p: pattern &optional;
	e: Color &optional;
	o: port &optional;
	a: addr &optional;
	u: subnet &optional;
	x: any &optional;
	sc: set[count] &optional;
	tc: table[count] of string &optional;
	vc: vector of count &optional;
	r: Leaf &optional;
	f: function(c: count): string &optional;
	h: opaque of md5 &optional;
};

global t_bool: event(label: string, v: bool);
global t_count: event(label: string, v: count);
global t_int: event(label: string, v: int);
global t_double: event(label: string, v: double);
global t_time: event(label: string, v: time);
global t_interval: event(label: string, v: interval);
global t_string: event(label: string, v: string);
global t_pattern: event(label: string, v: pattern);
global t_enum: event(label: string, v: Color);
global t_port: event(label: string, v: port);
global t_addr: event(label: string, v: addr);
global t_subnet: event(label: string, v: subnet);
global t_set_count: event(label: string, v: set[count]);
global t_set_pair: event(label: string, v: set[count, string]);
global t_set_record: event(label: string, v: set[Key]);
global t_set_vector: event(label: string, v: set[vector of count]);
global t_set_pattern: event(label: string, v: set[pattern]);
global t_set_subnet: event(label: string, v: set[subnet]);
global t_set_enum: event(label: string, v: set[Color]);
global t_table_string: event(label: string, v: table[string] of count);
global t_table_triple: event(label: string, v: table[addr, port, Color] of string);
global t_table_vector: event(label: string, v: table[string] of vector of count);
global t_table_table: event(label: string, v: table[count] of table[string] of set[count]);
global t_table_any: event(label: string, v: table[string] of any);
global t_table_record: event(label: string, v: table[Key, count] of Leaf);
global t_ordered: event(label: string, v: table[string] of count &ordered);
global t_ordered_field: event(label: string, v: Ordered);
# Declared without &ordered: it is the sender's values that are.
global t_ordered_table: event(label: string, v: table[string] of count);
global t_ordered_set: event(label: string, v: set[string, count]);
global t_ordered_inside: event(label: string, v: vector of table[string] of count);
global t_vector_count: event(label: string, v: vector of count);
global t_vector_double: event(label: string, v: vector of double);
global t_vector_string: event(label: string, v: vector of string);
global t_vector_bool: event(label: string, v: vector of bool);
global t_vector_port: event(label: string, v: vector of port);
global t_vector_enum: event(label: string, v: vector of Color);
global t_vector_addr: event(label: string, v: vector of addr);
global t_vector_record: event(label: string, v: vector of Leaf);
global t_vector_vector: event(label: string, v: vector of vector of string);
global t_vector_set: event(label: string, v: vector of set[count]);
global t_vector_pattern: event(label: string, v: vector of pattern);
global t_vector_func: event(label: string, v: vector of function(c: count): string);
global t_leaf: event(label: string, v: Leaf);
global t_tree: event(label: string, v: Tree);
global t_every: event(label: string, v: Every);
global t_func: event(label: string, v: function(c: count): string);
global t_event: event(label: string, v: event(label: string));
global t_hook: event(label: string, v: hook(c: count));
global t_file: event(label: string, v: file);
global t_md5: event(label: string, v: opaque of md5);
global t_sha1: event(label: string, v: opaque of sha1);
global t_sha224: event(label: string, v: opaque of sha224);
global t_sha256: event(label: string, v: opaque of sha256);
global t_sha384: event(label: string, v: opaque of sha384);
global t_sha512: event(label: string, v: opaque of sha512);
global t_entropy: event(label: string, v: opaque of entropy);
global t_bloomfilter: event(label: string, v: opaque of bloomfilter);
global t_cardinality: event(label: string, v: opaque of cardinality);
global t_topk: event(label: string, v: opaque of topk);
global t_x509: event(label: string, v: opaque of x509);
global t_paraglob: event(label: string, v: opaque of paraglob);
global t_data: event(label: string, v: Broker::Data);
global t_any: event(label: string, v: any);
global t_vector_any: event(label: string, v: vector of any);
global t_many: event(a: bool, b: count, c: string, d: vector of Tree, e: any, f: set[addr, port]);
global t_none: event();
