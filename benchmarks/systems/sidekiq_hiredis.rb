# /// script
# [tool.bench]
# title = "Sidekiq, hiredis"
# configuration = "As Sidekiq, with the client in C in place of the one in Ruby."
# loses = "The same as Sidekiq."
# packages = ["ruby-sidekiq", "ruby-hiredis"]
# measures = ["drain", "enqueue", "bulk", "io"]
#
# [tool.bench.worker]
# default = ["sidekiq", "-r", "{file}", "-c", "25", "-q", "default"]
# ///

# Sidekiq with hiredis.

require "redis"
require "redis/connection/hiredis"
require_relative "sidekiq"
