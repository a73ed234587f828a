"""How long a question takes to become a report, asked as any client asks: over the HTTP API.

    python -m benchmarks.latency                            # everything in one process, SQLite
    python -m benchmarks.latency --broker                   # RabbitMQ, PostgreSQL, a worker process for each agent
    python -m benchmarks.latency --corpus FOLDER --question "..." --rounds 50

The documents are local, so that nobody's network is measured: HTML pages made of what the installed Python packages say of
themselves, or a folder of your own. A run reads eight of them. The clock starts before the POST and stops when the report's
Markdown has arrived; in between the client follows the run's events. Questions take turns, each is asked in the warm-up, and
nothing is kept from one run for the next but what the servers keep anyway: indexes in memory, connections, stored pages.
"""
