//! driver-ec2
