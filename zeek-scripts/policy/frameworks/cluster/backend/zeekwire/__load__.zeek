##! For those who, like zeekctl, name the folder ``policy`` too.

@load frameworks/cluster/backend/zeekwire
