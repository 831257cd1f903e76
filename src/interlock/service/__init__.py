"""The lock service: what goes over the wire, who asks, and who answers.

::

    client, checked, frames     the side that asks, and does without where a service is in trouble
    protocol, remote_error      what both sides say to each other
    refusals, guarded_fetcher   what requests are refused for, and how far the service itself may ask
    server                      HTTP: who asks, what may be asked for; each room hangs its routes into it
      jobs                        locks: each question once, solved in processes of its own
      proxy                       indexes: pages and files fetched once, rendered for every client
      state                       the data folder: tokens, database, what is kept and for how long
"""
