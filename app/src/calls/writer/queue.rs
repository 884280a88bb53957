//! The jobs that wait for a batch, and the choice of the next batch.

use std::collections::{HashSet, VecDeque};

use uuid::Uuid;

/// The callshops that a batch changes. No other batch with a job of these callshops can run at the same time without waiting for this batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Touched {
    /// The known callshops of the batch's jobs.
    pub callshops: HashSet<Uuid>,
    /// Whether the callshop of each job is known.
    pub is_complete: bool,
}

/// A waiting job and its callshop, if known.
struct Waiting<J> {
    callshop: Option<Uuid>,
    job: J,
}

/// The waiting jobs, oldest first.
pub(super) struct Queue<J> {
    jobs: VecDeque<Waiting<J>>,
}

impl<J> Default for Queue<J> {
    fn default() -> Self {
        Self { jobs: VecDeque::new() }
    }
}

impl<J> Queue<J> {
    pub(super) fn push(&mut self, callshop: Option<Uuid>, job: J) {
        self.jobs.push_back(Waiting { callshop, job });
    }

    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Whether each of the first `most` jobs satisfies `test`.
    pub(super) fn all(&self, most: usize, test: impl Fn(&J) -> bool) -> bool {
        self.jobs.iter().take(most).all(|waiting| test(&waiting.job))
    }

    /// Takes the first `most` jobs.
    pub(super) fn take(&mut self, most: usize) -> (Vec<J>, Touched) {
        let mut touched = Touched { callshops: HashSet::new(), is_complete: true };
        let most = most.min(self.jobs.len());
        let jobs = self.jobs.drain(..most).map(|waiting| {
            match waiting.callshop {
                Some(callshop) => drop(touched.callshops.insert(callshop)),
                None => touched.is_complete = false,
            }
            waiting.job
        });
        (jobs.collect(), touched)
    }

    /// The number of jobs that [`Self::take_beside`] could take.
    pub(super) fn count_beside(&self, running: &Touched) -> usize {
        if !running.is_complete {
            return 0;
        }
        let known = self.jobs.iter().map_while(|waiting| waiting.callshop);
        known.filter(|callshop| !running.callshops.contains(callshop)).count()
    }

    /// Takes up to `most` jobs that touch no callshop of the running batch. The jobs of a callshop stay in order. A job whose callshop is not known
    /// may belong to any callshop, so the jobs that came after it wait as well.
    pub(super) fn take_beside(&mut self, running: &Touched, most: usize) -> (Vec<J>, Touched) {
        let mut touched = Touched { callshops: HashSet::new(), is_complete: true };
        let mut taken = Vec::new();
        if !running.is_complete {
            return (taken, touched);
        }
        let mut left = VecDeque::with_capacity(self.jobs.len());
        let mut is_blocked = false;
        for waiting in self.jobs.drain(..) {
            is_blocked = is_blocked || waiting.callshop.is_none() || taken.len() >= most;
            match waiting.callshop.filter(|callshop| !is_blocked && !running.callshops.contains(callshop)) {
                Some(callshop) => {
                    touched.callshops.insert(callshop);
                    taken.push(waiting.job);
                }
                None => left.push_back(waiting),
            }
        }
        self.jobs = left;
        (taken, touched)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Uuid = Uuid::from_u128(1);
    const B: Uuid = Uuid::from_u128(2);
    const C: Uuid = Uuid::from_u128(3);

    fn queue(jobs: &[(Option<Uuid>, &'static str)]) -> Queue<&'static str> {
        let mut queue = Queue::default();
        jobs.iter().for_each(|(callshop, job)| queue.push(*callshop, *job));
        queue
    }

    fn touched(callshops: &[Uuid]) -> Touched {
        Touched { callshops: callshops.iter().copied().collect(), is_complete: true }
    }

    #[test]
    fn a_second_batch_has_no_callshop_of_the_first() {
        let mut queue =
            queue(&[(Some(A), "a1"), (Some(B), "b1"), (Some(A), "a2"), (Some(C), "c1"), (Some(B), "b2")]);
        let (first, running) = queue.take(2);
        assert_eq!((first, &running), (vec!["a1", "b1"], &touched(&[A, B])));
        assert_eq!(queue.count_beside(&running), 1);
        assert_eq!(queue.take_beside(&running, 9), (vec!["c1"], touched(&[C])));
        assert_eq!(
            queue.take(9),
            (vec!["a2", "b2"], touched(&[A, B])),
            "the jobs of a callshop stay in order"
        );
        assert!(queue.is_empty());
    }

    #[test]
    fn a_job_of_an_unknown_callshop_holds_up_what_came_after_it() {
        let mut queue = queue(&[(Some(B), "b1"), (None, "x"), (Some(B), "b2")]);
        assert_eq!(queue.count_beside(&touched(&[A])), 1, "the job after the unknown one does not count");
        assert_eq!(queue.take_beside(&touched(&[A]), 9).0, ["b1"]);
        assert!(queue.take_beside(&touched(&[A]), 9).0.is_empty());
        let (jobs, running) = queue.take(1);
        assert_eq!((jobs, running.is_complete), (vec!["x"], false));
        assert!(queue.take_beside(&running, 9).0.is_empty(), "the running batch may touch any callshop");
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn a_batch_has_at_most_the_given_number_of_jobs() {
        let mut queue = queue(&[(Some(A), "a"), (Some(B), "b1"), (Some(B), "b2"), (Some(C), "c")]);
        assert!(queue.all(4, |job| job.len() <= 2));
        assert!(!queue.all(2, |job| job.len() <= 1));
        assert_eq!(queue.take_beside(&touched(&[A]), 1).0, ["b1"]);
        assert_eq!(queue.take(9).0, ["a", "b2", "c"]);
    }
}
