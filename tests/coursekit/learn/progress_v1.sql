-- A progress file as version 1 wrote it, an event of each kind. Kept to show that later versions of
-- the course still read it: `sqlite3 old.sqlite < progress_v1.sql`. Not to be changed.
PRAGMA user_version = 1;
CREATE TABLE event (uid TEXT PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL);
INSERT INTO event VALUES
('u1', '2026-11-01T08:00:00+00:00', 'visit', '{"lesson":"07_unstructured_pruning","mode":"lesson"}'),
('u2', '2026-11-01T08:01:00+00:00', 'guess', '{"lesson":"07_unstructured_pruning","question":"How big is the file?","guess":0.5}'),
('u3', '2026-11-01T08:02:00.250000+00:00', 'outcome', '{"lesson":"07_unstructured_pruning","question":"How big is the file?","result":"2.0"}'),
('u4', '2026-11-01T08:03:00+00:00', 'attempt', '{"lesson":"07_unstructured_pruning","question":"goal","mode":"choice","answer":["a","c"],"right":false}'),
('u5', '2026-11-01T08:04:00+00:00', 'response', '{"lesson":"07_unstructured_pruning","question":"why","text":"Fewer weights – smaller.","found":["smaller"],"of":5}'),
('u6', '2026-11-01T08:05:00+00:00', 'review', '{"lesson":"07_unstructured_pruning","card":"mask","rating":3}'),
('u7', '2026-11-01T08:06:00+00:00', 'pattern', '{"lesson":"07_unstructured_pruning","topic":"sparsity","right":9,"of":10,"seconds":140.5,"strong":true}');
