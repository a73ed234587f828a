"""How deep each agent's queue is, second by second, while bursts of research go through: what a scaler has to go by.

    python -m benchmarks.depths --waves 120,60 --every 70

RabbitMQ and PostgreSQL are private ones; a worker of four threads for each agent, as the chart starts it, and no second one, so that
queues grow. Two counts are kept: messages as RabbitMQ's management tells them over HTTP, which is what KEDA asks and is as old as the last
round of its statistics (5 s), and steps that wait or are worked on, by the query of the chart's second trigger. The series goes to
``tests/deploy/depths.csv``, which ``tests/deploy/test_scaler.py`` plays through the chart's triggers.
"""
