# /// script
# [tool.bench]
# title = "Sidekiq"
# configuration = "One process with 25 threads, which was fastest for no-ops too."
# loses = "Jobs that run when the worker is killed: it takes a job out of Redis before it runs it."
# packages = ["ruby-sidekiq"]
# measures = ["drain", "enqueue", "bulk", "io", "start", "late", "crash"]
#
# [tool.bench.worker]
# default = ["sidekiq", "-r", "{file}", "-c", "25", "-q", "default"]
# ///

# Sidekiq on Redis: jobs, probe and producer, each as its Python counterpart in this folder's parent.

require "json"
require "sidekiq"

address = { url: "redis://127.0.0.1:#{ENV.fetch("BENCH_PORT", "6379")}/0" }
Sidekiq.configure_client { |config| config.redis = address }
Sidekiq.configure_server { |config| config.redis = address }

module Probe
  COUNT = ENV.fetch("BENCH_COUNT", "0").to_i
  REPORT = ENV.fetch("BENCH_REPORT", "")
  TRACE = ENV["BENCH_TRACE"] && File.open(ENV["BENCH_TRACE"], "a")
  LOCK = Mutex.new
  @done = 0

  def self.count
    number = LOCK.synchronize { @done += 1 }
    if number == 1
      @began, @cpu = monotonic, cpu
      File.write("#{REPORT}.ready", "") unless REPORT.empty?
    elsif number == COUNT
      report
    end
  end

  def self.note(number)
    wall = Process.clock_gettime(Process::CLOCK_REALTIME, :nanosecond)
    TRACE.syswrite("#{number} #{monotonic} #{wall}\n")
    count
  end

  def self.report
    text = JSON.dump(jobs: COUNT - 1, seconds: (monotonic - @began) / 1e9, cpu: cpu - @cpu)
    File.write("#{REPORT}.draft", text)
    File.rename("#{REPORT}.draft", REPORT)
  end

  def self.monotonic = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)

  def self.cpu = Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID)
end

class Noop
  include Sidekiq::Worker
  def perform(_number) = Probe.count
end

class Sleep
  include Sidekiq::Worker
  def perform(_number)
    sleep 0.010
    Probe.count
  end
end

class Note
  include Sidekiq::Worker
  def perform(number) = Probe.note(number)
end

class Append
  include Sidekiq::Worker
  def perform(number) = Probe::TRACE.syswrite("#{number}\n")
end

module Producer
  CHUNK = 100

  def self.fill(task, count)
    (0...count).each_slice(CHUNK) { |numbers| many(task, numbers) }
    { jobs: count }
  end

  def self.singles(task, milliseconds) = timed(milliseconds, 1) { task.perform_async(0) }

  def self.bulks(task, milliseconds) = timed(milliseconds, CHUNK) { many(task, 0...CHUNK) }

  def self.starts(task, count)
    wake_worker(task)
    moments = (0...count).map do |number|
      sleep rand(0.020..0.040)
      began = Probe.monotonic
      task.perform_async(number)
      [number, began]
    end
    { moments: moments }
  end

  def self.later(task, count)
    wake_worker(task)
    now = Time.now.to_f
    due = (0...count).map { |number| now + 1.5 + 3.0 * number / count }
    (0...count).to_a.shuffle.each { |number| task.perform_at(due[number], number) }
    { moments: due.each_with_index.map { |moment, number| [number, (moment * 1e9).to_i] } }
  end

  def self.many(task, numbers)
    Sidekiq::Client.push_bulk("class" => task, "args" => numbers.map { |number| [number] })
  end

  def self.timed(milliseconds, jobs)
    yield
    began, cpu, done, seconds = Probe.monotonic, Probe.cpu, 0, 0.0
    while seconds < milliseconds / 1000.0
      yield
      done += jobs
      seconds = (Probe.monotonic - began) / 1e9
    end
    { jobs: done, seconds: seconds, cpu: Probe.cpu - cpu }
  end

  def self.wake_worker(task)
    task.perform_async(-1)
    sleep 0.01 until File.exist?("#{Probe::REPORT}.ready")
    sleep 0.3
  end
end

if $PROGRAM_NAME.match?(/sidekiq\w*\.rb\z/)
  verb, task, number = ARGV
  puts JSON.dump(Producer.send(verb, Object.const_get(task.capitalize), number.to_i))
end
